using System.Text;
using Loire.Coordination.Topics;
using Loire.TestKit;

namespace Loire.Coordination.Tests;

public class TopicSettingsPageTests
{
    private const string Intro = """
        # Settings of a topic

        All settings of a topic in Kafka 4.4, with Kafka's names, types, defaults and ranges. They are given when a topic is created (`loire topic create -c NAME=VALUE`,
        `POST /v1/topics`), changed while it is used (`loire topic alter`, `POST /v1/topics/{topic}/configs:alter`), and shown with their default and source
        (`loire topic describe`, `GET /v1/topics/{topic}/configs`). A change reaches the open partitions before its answer leaves, and applies to the appends that follow.

        A setting without effect is validated, stored and shown, so that a topic can be described as it is meant to be; the last column says why nothing acts on it
        (`"effective": false` over HTTP). Any other name is refused with `INVALID_CONFIG`, and so are two combinations: a `min.compaction.lag.ms` above
        `max.compaction.lag.ms`, and `remote.storage.enable=true`.

        ## Limits of appends

        | setting | refused with | what is checked |
        |---|---|---|
        | `max.message.bytes` | `MESSAGE_TOO_LARGE` | the batch as it arrives, and again if the broker compresses it; at most 64 MiB, which is less than Kafka allows |
        | `message.timestamp.before.max.ms`, `message.timestamp.after.max.ms` | `INVALID_TIMESTAMP` | with `CreateTime`, the first and the greatest timestamp in the batch's header; −1 (no timestamp) always passes |
        | `min.insync.replicas` | `NOT_ENOUGH_REPLICAS` | with acks=all, a value above 1: the store replicates and counts as one copy |
        | `cleanup.policy` with `compact` | `INVALID_RECORD` | every record has a key |
        | `compression.type` other than `producer` | `INVALID_RECORD` | batches in another codec can be decoded |

        With `compression.type` the broker stores batches of another codec in the topic's. Offsets, timestamps, keys, values, headers and the producer's fields stay; only codec,
        length and checksum change. That and the check of keys are the only work for which the broker decodes records, and only for such topics: a producer that compresses with the
        topic's codec itself costs nothing.

        ## Retention

        With `delete` in `cleanup.policy`, a partition deletes its oldest records: those that are older than `retention.ms`, and what lies before the newest `retention.bytes`
        bytes. It does so at each check, every five minutes (`--retention-check-interval` of the node), in whole objects of the store, of a few MiB as a rule, and never deletes what it has
        to keep; Kafka does the same in segments of 1 GiB. Time is the records' own, so a record that is dated in the future stays until then. Offsets are never used again.
        Closed partitions are opened for it when their topic knows that there is something to delete: open ones report the size and age of their logs, and the topic keeps that. What its node
        could not report before it ended, as when it was killed, is found after a week at the latest. In a cluster this begins with feature level 2; before, only open partitions are checked.

        ## Compaction

        With `compact` in `cleanup.policy`, a partition keeps the last record of each key, with its offset and timestamp, and removes the others; with `compact,delete` retention applies
        as well. A record without a value stays for `delete.retention.ms` after the first compaction that met it, so that readers see the deletion, and goes with the next one, which comes then
        even if nothing was appended. The other rules are
        those of Kafka's log cleaner:

        - A log is compacted when `min.cleanable.dirty.ratio` of its bytes have not been, or when a record has waited for `max.compaction.lag.ms`. What is younger than
          `min.compaction.lag.ms` is left alone, and so is the newest part of the log, some dozens of appends or some MiB; only `max.compaction.lag.ms` reaches that too. Kafka leaves
          its newest segment alone, up to 1 GiB or 7 days.
        - The node asks its open partitions every 15 s (`--compaction-check-interval`), one at a time, with memory for two million keys (`--compaction-memory-mb`; more keys take more
          passes), and reads and writes 100 MB a second (`--compaction-bytes-per-second`).
        - Closed partitions are opened to be compacted as they are for retention, when their topic knows that they are due; with a `min.compaction.lag.ms`, once that is over for all
          their records.
        - A pass that a crash or a move interrupts is resumed at the same place. After a damaged byte the partition is not compacted any more while it is open, the node's log says so, and
          nothing is removed. Once it is closed, it is tried again after a week, or when its topic has changed.
        - Records without a key, from before `compact` was set, are removed.

        `GET /v1/topics/{topic}/keys/{key}`, `loire topic get` and `FindLatestAsync` of the .NET client return the last record of a key. They see every record that any node acknowledged
        before the request. Each pass of compaction stores where the last record of each key lies, 24 bytes a key, so such a record is found by reading two objects, and in a fraction
        of a millisecond once they are in the node's cache. What has been appended since the last pass is learned by the first lookup after the partition was opened, which waits while its
        node reads that part of the log once; after 8 s it is answered with an error that says so, and the node reads on. By default the partitions of a node together remember 1.6 million
        such keys (`--key-index-memory-mb`, 30 to 60 bytes for each). When that is not enough, the partition with the oldest lookup forgets its keys; a partition that has more keys than that
        in this part alone refuses lookups. In a cluster, passes store keys from feature level 3 on; before, lookups learn the whole log.

        ## All settings

        | setting | type | default | allowed | meaning | without effect because |
        |---|---|---|---|---|---|

        """;

    [Fact]
    public void The_page_of_settings_is_that_of_the_table()
    {
        var page = new StringBuilder(Intro);
        foreach (var config in TopicConfigs.All)
        {
            var @default = config.DefaultText.Length == 0 ? "(empty)" : $"`{config.DefaultText}`";
            page.Append($"| `{config.Name}` | {config.Type} | {@default} | {config.Allowed.Replace('\'', '`')} | {config.Documentation} | {config.NoEffect} |\n");
        }

        Assert.Null(ReferencePage.Problem("topic-settings.md", page.ToString()));
    }
}
