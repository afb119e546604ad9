"""What is sent arrives once, signed, in order, and whatever happens to receivers, servers and the database."""

from callsheet.domain.webhooks.delivery import DeliveryStatus
from tests.installation import make_model, on_both
from tests.program import wait_for
from tests.service.webhooks.receiver import Receiver, receiving
from tests.service.webhooks.site import HookSite, sending


@on_both
def test_a_change_is_sent_to_who_wants_it_signed_as_the_package_of_the_standard_verifies(
    site: HookSite, receiver: Receiver
) -> None:
    site.hook(receiver)
    with receiving() as other:
        site.hook(other, ["alias.moved"], "other")
        with sending(site):
            site.catalog.add(make_model("claude-new"))
            site.catalog.alias("claude", "claude-new")
            wait_for(lambda: len(receiver.events) == 2 and len(other.events) == 1, "all events")
        assert receiver.types() == ["model.added", "alias.moved"]
        assert other.types() == ["alias.moved"]
        assert receiver.ids[1] == other.ids[0]
    added = receiver.events[0]["data"]
    assert (added["count"], added["truncated"], added["actor"]) == (1, False, "test")
    assert [each["id"] for each in added["models"]] == ["claude-new"]
    assert site.webhooks.deliveries(status=DeliveryStatus.SENT)[0].attempts == 0
