package drivers;

import static drivers.Main.JSON;

import com.anthropic.errors.AnthropicException;
import com.anthropic.models.models.ModelListParams;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

/** Asks {@code callsheet fake}, and changes it on the way. */
final class DriveFake {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private final String url;

    private DriveFake(String url) {
        this.url = url + "/_fake/";
    }

    static ObjectNode drive(JsonNode job) throws Exception {
        String url = job.get("base_url").textValue();
        String key = job.get("api_key").textValue();
        DriveFake fake = new DriveFake(url);
        Blocking client = new Blocking(url, key, 2);
        Blocking impatient = new Blocking(url, key, 0);
        ObjectNode report = JSON.createObjectNode();
        report.set("walked", JSON.valueToTree(client.ids(ModelListParams.builder().limit(4).build())));

        fake.call("reset", "{}");
        fake.call("fail", "{\"status\": 429, \"retry_after\": 0.01}");
        report.put("after_busy", newest(client));
        report.set("statuses", fake.statuses());

        fake.call("add", "{\"model_id\": \"claude-of-java\"}");
        report.put("added", newest(client));

        fake.call("fail", "{\"cut\": true}");
        try {
            newest(impatient);
        } catch (AnthropicException error) {
            report.put("cut", error.getClass().getSimpleName());
        }
        return report;
    }

    private static String newest(Client client) {
        return client.list(ModelListParams.none()).ids().get(0);
    }

    private void call(String verb, String arguments) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url + verb)).POST(BodyPublishers.ofString(arguments)).build();
        var answer = HTTP.send(request, BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException(verb + ": " + answer.body());
        }
    }

    /** How the fake answered what it was asked. */
    private ArrayNode statuses() throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url + "requests")).build();
        ArrayNode statuses = JSON.createArrayNode();
        JSON.readTree(HTTP.send(request, BodyHandlers.ofString()).body()).get("data")
                .forEach(asked -> statuses.add(asked.get("status")));
        return statuses;
    }
}
