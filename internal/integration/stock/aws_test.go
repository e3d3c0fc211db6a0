package stock_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"go.opentelemetry.io/contrib/instrumentation/github.com/aws/aws-sdk-go-v2/otelaws" //nolint:staticcheck // programs have it
)

// TestAWS checks the spans of otelaws for three of Amazon's APIs.
func TestAWS(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			fmt.Fprint(w, `{}`)
		}
	}))
	defer s.Close()
	e := export(t, func(ctx context.Context) {
		config := aws.Config{
			Region: "eu-north-1", BaseEndpoint: &s.URL,
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
			}),
		}
		otelaws.AppendMiddlewares(&config.APIOptions)
		buckets := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
		if _, err := buckets.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String("b")}); err != nil {
			t.Error(err)
		}
		tables := dynamodb.NewFromConfig(config)
		if _, err := tables.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("orders"), Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "7"}}}); err != nil {
			t.Error(err)
		}
		queues := sqs.NewFromConfig(config)
		if _, err := queues.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: aws.String("https://sqs.eu-north-1.amazonaws.com/123456789012/orders"), ReceiptHandle: aws.String("r")}); err != nil {
			t.Error(err)
		}
	})
	e.mustHave(t, client, "S3.HeadBucket", "peer.service", "s3@aws-api", "rpc.service", "S3", "rpc.method", "HeadBucket")
	e.mustHave(t, client, "DynamoDB.GetItem", "peer.service", "dynamodb@aws-api", "db.system", "aws.dynamodb", "db.operation", "GetItem", "db.sql.table", "orders")
	e.mustHave(t, client, "SQS.DeleteMessage", "peer.service", "sqs@aws-api", "server.address", "sqs.eu-north-1.amazonaws.com", "messaging.destination.name", "orders")
	e.mustLight(t, "Operations: gRPC", "Operations: database", "Dependencies and service map", "Dependency detail", "Database: rate and errors", "Database: traces", "Trace breakdowns")
	e.mustDarken(t)
}
