package drivers;

import com.anthropic.models.models.ModelInfo;
import com.anthropic.models.models.ModelListPage;
import com.anthropic.models.models.ModelListPageAsync;
import com.anthropic.models.models.ModelListParams;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A page, of whichever of the two clients.
 *
 * @param next asks for the page after this one; null where the client asks for none
 */
record Listing(
        List<ModelInfo> models,
        Optional<Boolean> hasMore,
        Optional<String> firstId,
        Optional<String> lastId,
        Supplier<Listing> next) {

    static Listing of(ModelListPage page) {
        Supplier<Listing> next = page.hasNextPage() ? () -> of(page.nextPage()) : null;
        return new Listing(page.data(), page.hasMore(), page.firstId(), page.lastId(), next);
    }

    static Listing of(ModelListPageAsync page) {
        Supplier<Listing> next = page.hasNextPage() ? () -> of(Client.have(page.nextPage())) : null;
        return new Listing(page.data(), page.hasMore(), page.firstId(), page.lastId(), next);
    }

    List<String> ids() {
        return models.stream().map(ModelInfo::id).toList();
    }

    /** Every page that {@code client} comes to. */
    static List<Listing> walk(Client client, ModelListParams params) {
        List<Listing> pages = new ArrayList<>();
        for (Listing page = client.list(params); page != null; page = page.next() == null ? null : page.next().get()) {
            pages.add(page);
        }
        return pages;
    }
}
