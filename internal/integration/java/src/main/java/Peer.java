import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Reads orders from its input, one order per line, and prints "done" after each order:
 *
 * <pre>
 * produce TOPIC N        sends N records
 * consume TOPIC GROUP N  reads N records, and prints their headers as KEY=VALUE
 * forward IN OUT GROUP N reads N records, and sends them to OUT with their headers
 * </pre>
 *
 * The first argument is the list of brokers.
 */
public final class Peer {
    private interface Handler {
        void handle(ConsumerRecord<String, String> received) throws Exception;
    }

    private final String brokers;
    private final KafkaProducer<String, String> producer;

    private Peer(String brokers) {
        this.brokers = brokers;
        this.producer =
                new KafkaProducer<>(Map.of("bootstrap.servers", brokers), new StringSerializer(), new StringSerializer());
    }

    public static void main(String[] args) throws Exception {
        Peer peer = new Peer(args[0]);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println("done");
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            peer.obey(line.split(" "));
            System.out.println("done");
        }
        peer.producer.close();
    }

    private void obey(String[] command) throws Exception {
        switch (command[0]) {
            case "produce" -> produce(command[1], Integer.parseInt(command[2]));
            case "consume" -> consume(command[1], command[2], Integer.parseInt(command[3]), Peer::print);
            case "forward" -> consume(command[1], command[3], Integer.parseInt(command[4]), r -> forward(r, command[2]));
            default -> throw new IllegalArgumentException(command[0]);
        }
    }

    private void produce(String topic, int n) throws Exception {
        for (int i = 0; i < n; i++) {
            producer.send(new ProducerRecord<>(topic, "value " + i)).get();
        }
    }

    private void consume(String topic, String group, int n, Handler handler) throws Exception {
        Map<String, Object> config =
                Map.of("bootstrap.servers", brokers, "group.id", group, "auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            while (n > 0) {
                for (ConsumerRecord<String, String> received : consumer.poll(Duration.ofMillis(100))) {
                    handler.handle(received);
                    n--;
                }
            }
        }
    }

    private static void print(ConsumerRecord<String, String> received) {
        received.headers()
                .forEach(h -> System.out.println(h.key() + "=" + new String(h.value(), StandardCharsets.UTF_8)));
    }

    private void forward(ConsumerRecord<String, String> received, String topic) throws Exception {
        producer.send(new ProducerRecord<>(topic, null, received.key(), received.value(), received.headers())).get();
    }
}
