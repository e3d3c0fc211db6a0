# Apache Kafka, one broker (KRaft) with two listeners: a plain one and one with
# mutual TLS, whose files are as NAIS gives them to a program. No topic is made
# unless a test makes it.
variables=(SPOR_KAFKA_BROKERS SPOR_KAFKA_TLS_BROKERS
	SPOR_KAFKA_CA_PATH SPOR_KAFKA_CERTIFICATE_PATH SPOR_KAFKA_PRIVATE_KEY_PATH)
packages=()
command -v javac >/dev/null || packages+=(default-jdk-headless)
command -v mvn >/dev/null || packages+=(maven)
command -v openssl >/dev/null || packages+=(openssl)

pom=$files/kafka/pom.xml
jars=$root/.tmp/jars/kafka # which clean leaves alone

# What builds the program in Java that tests talk to, and fetches its agents. Tests
# do so, too, if it has changed since.
build_peer=$root/internal/integration/java/build.sh

installed() { have java openssl && cmp -s "$pom" "$jars/pom.xml"; }

install() {
	"$build_peer" >/dev/null
	rm -rf "$jars"
	mvn -q -B -f "$pom" dependency:copy-dependencies -DoutputDirectory="$jars"
	cp "$pom" "$jars/pom.xml"
}

start() {
	name=kafka-tls keep_port
	name=kafka-controller keep_port
	[ -e "$dir/tls/broker.pem" ] || certificates || return
	properties >"$dir/server.properties"
	# The cluster's id, 16 bytes in base64, means nothing.
	(kafka kafka.tools.StorageTool format --ignore-formatted --cluster-id sporsporsporsporsporsg \
		--config "$dir/server.properties" >>"$dir/log" 2>&1 9>&-) || return
	kafka kafka.Kafka "$dir/server.properties" </dev/null >>"$dir/log" 2>&1 9>&- &
	echo $! >"$dir/pid"
}

# kafka becomes a program of Kafka's, in little memory and soon.
kafka() {
	exec setsid java -Xms64m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
		-Dlog4j2.configurationFile="$files/kafka/log4j2.properties" -cp "$jars/*" "$@"
}

# The ports open when the broker is ready.
answers() { taken "$(port)" && taken "$(port kafka-tls)"; }

stop() {
	kill "$pid"
	while running >/dev/null; do sleep 0.1; done
}

exports() {
	echo "SPOR_KAFKA_BROKERS=127.0.0.1:$(port)"
	echo "SPOR_KAFKA_TLS_BROKERS=localhost:$(port kafka-tls)"
	echo "SPOR_KAFKA_CA_PATH=$dir/tls/ca.crt"
	echo "SPOR_KAFKA_CERTIFICATE_PATH=$dir/tls/client.crt"
	echo "SPOR_KAFKA_PRIVATE_KEY_PATH=$dir/tls/client.key"
}

certificates() (
	rm -rf "$dir/tls"
	umask 077
	mkdir "$dir/tls"
	cd "$dir/tls"
	exec 2>>"$dir/log"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=spor \
		-addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.crt &&
		certificate client clientAuth && certificate broker serverAuth && cat broker.key broker.crt >broker.pem
)

# certificate makes a key, and the authority's certificate of it for a use.
certificate() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" &&
		openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -out "$1.crt" \
			-extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=%s\n' "$2")
}

properties() {
	local controller
	controller=127.0.0.1:$(port kafka-controller)
	cat <<-END
		process.roles=broker,controller
		node.id=1
		controller.quorum.voters=1@$controller
		controller.listener.names=CONTROLLER
		listeners=PLAINTEXT://127.0.0.1:$(port),SSL://127.0.0.1:$(port kafka-tls),CONTROLLER://$controller
		advertised.listeners=PLAINTEXT://127.0.0.1:$(port),SSL://localhost:$(port kafka-tls)
		listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT
		inter.broker.listener.name=PLAINTEXT
		log.dirs=$dir/data

		ssl.client.auth=required
		ssl.keystore.type=PEM
		ssl.keystore.location=$dir/tls/broker.pem
		ssl.truststore.type=PEM
		ssl.truststore.location=$dir/tls/ca.crt

		auto.create.topics.enable=false
		offsets.topic.replication.factor=1
		offsets.topic.num.partitions=1
		transaction.state.log.replication.factor=1
		transaction.state.log.min.isr=1
		transaction.state.log.num.partitions=1
		share.coordinator.state.topic.replication.factor=1
		share.coordinator.state.topic.min.isr=1
		share.coordinator.state.topic.num.partitions=1

		# Nobody waits for members that may yet come, or for those that are gone.
		group.initial.rebalance.delay.ms=0
		group.min.session.timeout.ms=1000
		group.consumer.min.session.timeout.ms=1000
		group.consumer.min.heartbeat.interval.ms=100

		num.network.threads=2
		num.io.threads=2
		background.threads=2
		log.cleaner.enable=false
		log.retention.minutes=60
	END
}
