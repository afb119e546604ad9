package drivers;

import static drivers.Main.JSON;

import com.anthropic.models.models.ModelListParams;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Walks pages as often as asked: once for each line of stdin. */
final class Walks {
    private Walks() {}

    static void walkEach(String url, String key) throws Exception {
        Client client = Client.open("sync", url, key);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            ArrayNode pages = JSON.createArrayNode();
            for (Listing page : Listing.walk(client, paramsOf(JSON.readTree(line)))) {
                ArrayNode fields = pages.addArray();
                fields.add(JSON.<JsonNode>valueToTree(page.models()));
                fields.add(page.hasMore().orElse(null));
                fields.add(page.firstId().orElse(null));
                fields.add(page.lastId().orElse(null));
            }
            Main.report(pages);
        }
    }

    private static ModelListParams paramsOf(JsonNode query) {
        ModelListParams.Builder params = ModelListParams.builder();
        if (query.has("limit")) {
            params.limit(query.get("limit").longValue());
        }
        if (query.has("after_id")) {
            params.afterId(query.get("after_id").textValue());
        }
        if (query.has("before_id")) {
            params.beforeId(query.get("before_id").textValue());
        }
        List<String> stages = new ArrayList<>();
        query.path("lifecycle").forEach(stage -> stages.add(stage.textValue()));
        return stages.isEmpty() ? params.build() : Release.filter(params, stages);
    }
}
