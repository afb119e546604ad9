package drivers;

import static drivers.Main.JSON;

import com.anthropic.core.ClientOptions;
import com.anthropic.errors.AnthropicServiceException;
import com.anthropic.models.models.ModelInfo;
import com.anthropic.models.models.ModelListParams;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.StreamSupport;

/** Everything that the official clients are asked to do. */
final class DriveAnthropic {
    private final Client client;
    private final Client stranger;
    private final JsonNode job;
    private final long limit;

    private DriveAnthropic(String mode, JsonNode job) {
        this.job = job;
        String url = text("base_url");
        client = Client.open(mode, url, text("api_key"));
        stranger = Client.open(mode, url, text("wrong_key"));
        limit = job.get("limit").longValue();
    }

    static ObjectNode drive(String mode, JsonNode job) {
        return new DriveAnthropic(mode, job).report();
    }

    private ObjectNode report() {
        ObjectNode report = JSON.createObjectNode();
        report.put("version", ClientOptions.class.getPackage().getImplementationVersion());
        report.set("page", firstPage());
        report.set("forward", walk(params().limit(limit).build()));
        report.set("backward", walk(params().limit(limit).beforeId(text("last_id")).build()));
        report.set("all", JSON.valueToTree(client.list(params().limit(1000).build()).models()));
        ModelListParams filtered = Release.filter(params().limit(limit), texts("lifecycle"));
        report.set("lifecycle", JSON.valueToTree(filtered == null ? null : client.ids(filtered)));
        report.set("retrieved", retrieveEach(texts("names")));
        report.set("beta", beta());
        report.set("errors", errors());
        return report;
    }

    private ObjectNode firstPage() {
        ModelListParams params = params().limit(limit).build();
        Listing page = client.list(params);
        ObjectNode found = JSON.createObjectNode();
        found.set("ids", JSON.valueToTree(page.ids()));
        found.put("has_more", page.hasMore().orElseThrow());
        found.put("first_id", page.firstId().orElseThrow());
        found.put("last_id", page.lastId().orElseThrow());
        found.put("request_id", client.requestId(params));
        return found;
    }

    /** The ids of a walk, both as the client strings them together and page by page. */
    private ObjectNode walk(ModelListParams params) {
        ObjectNode found = JSON.createObjectNode();
        found.set("ids", JSON.valueToTree(client.ids(params)));
        found.set("pages", JSON.valueToTree(Listing.walk(client, params).stream().map(Listing::ids).toList()));
        return found;
    }

    private ObjectNode retrieveEach(List<String> names) {
        ObjectNode retrieved = JSON.createObjectNode();
        for (String name : names) {
            ModelInfo model = client.retrieve(name).validate(); // refuses what is not of the client's types
            retrieved.set(name, JSON.valueToTree(model));
        }
        return retrieved;
    }

    /** The same routes by way of {@code client.beta()}, with beta values. */
    private ObjectNode beta() {
        var list = com.anthropic.models.beta.models.ModelListParams.builder().limit(limit);
        var retrieve = com.anthropic.models.beta.models.ModelRetrieveParams.builder().modelId(text("beta_name"));
        for (String beta : texts("betas")) {
            list.addBeta(beta);
            retrieve.addBeta(beta);
        }
        ObjectNode found = JSON.createObjectNode();
        found.set("ids", JSON.valueToTree(client.betaIds(list.build())));
        found.set("retrieved", JSON.valueToTree(client.betaRetrieve(retrieve.build()).validate()));
        return found;
    }

    private ObjectNode errors() {
        String unknown = text("unknown");
        ObjectNode errors = JSON.createObjectNode();
        errors.set("wrong_key", errorOf(() -> stranger.list(params().build())));
        errors.set("unknown_model", errorOf(() -> client.retrieve(unknown)));
        errors.set("limit", errorOf(() -> client.list(params().limit(1001).build())));
        errors.set("after_id", errorOf(() -> client.list(params().afterId(unknown).build())));
        errors.set("before_id", errorOf(() -> client.list(params().beforeId(unknown).build())));
        return errors;
    }

    /** What the client threw; null if it threw nothing. */
    private static JsonNode errorOf(Runnable call) {
        try {
            call.run();
            return null;
        } catch (AnthropicServiceException error) {
            ObjectNode found = JSON.createObjectNode();
            found.put("class", error.getClass().getSimpleName());
            found.put("status", error.statusCode());
            found.put("request_id", Release.requestId(error));
            found.set("body", JSON.valueToTree(error.body()));
            return found;
        }
    }

    private static ModelListParams.Builder params() {
        return ModelListParams.builder();
    }

    private String text(String name) {
        return job.get(name).textValue();
    }

    private List<String> texts(String name) {
        return StreamSupport.stream(job.get(name).spliterator(), false).map(JsonNode::textValue).toList();
    }
}
