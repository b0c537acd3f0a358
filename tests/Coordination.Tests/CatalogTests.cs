using System.Globalization;
using CsCheck;
using Loire.Model;
using Loire.Coordination.Topics;

namespace Loire.Coordination.Tests;

public class CatalogTests
{
    private static TopicName Name(string text) => TopicName.Parse(text);

    private static CatalogState Of(params CatalogRecord[] records)
    {
        var state = new CatalogState();
        foreach (var record in records)
        {
            state.Apply(record);
        }

        return state;
    }

    private static CatalogState Live(params string[] names) => Of([.. names.Select(name => new CatalogRecord.Exists(Name(name)))]);

    [Theory]
    [InlineData("orders.eu", "orders_eu", "the two characters that metrics cannot tell apart")]
    [InlineData("a_b.c", "a.b_c", "mixed")]
    public void A_name_that_collides_in_metrics_is_refused(string first, string second, string reason)
    {
        foreach (var state in new[] { Live(first), Of(new CatalogRecord.Announced(Name(first))) })
        {
            var decision = CatalogRules.Announce(state, Name(second));
            Assert.True(decision.Error == ErrorCode.InvalidTopicException, reason);
            Assert.Contains($"'{first}'", decision.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_name_is_announced_before_its_creation_and_before_its_deletion_and_not_listed_meanwhile()
    {
        var state = new CatalogState();
        void Step(CatalogRecord expected, Coordination.Decision<CatalogRecord> decision)
        {
            Assert.Equal((ErrorCode.None, expected), (decision.Error, Assert.Single(decision.Records)));
            state.Apply(decision.Records[0]);
        }

        Step(new CatalogRecord.Announced(Name("t")), CatalogRules.Announce(state, Name("t")));
        Assert.Empty(state.Live);
        Step(new CatalogRecord.Exists(Name("t")), CatalogRules.Record(state, Name("t"), exists: true));
        Assert.Equal(["t"], state.Live.Select(name => name.Value));
        Assert.Empty(state.Unsettled);
        Step(new CatalogRecord.Announced(Name("t")), CatalogRules.Announce(state, Name("t")));
        Assert.Empty(state.Live);
        Assert.Equal(["t"], state.Unsettled.Select(name => name.Value));
        Step(new CatalogRecord.Gone(Name("t")), CatalogRules.Record(state, Name("t"), exists: false));
        Assert.Equal(0, state.Count);
        Assert.Equal(ErrorCode.None, CatalogRules.Announce(state, Name("t")).Error);
    }

    [Fact]
    public void What_is_so_already_makes_no_record()
    {
        Assert.Empty(CatalogRules.Announce(Of(new CatalogRecord.Announced(Name("t"))), Name("t")).Records);
        Assert.Empty(CatalogRules.Record(Live("t"), Name("t"), exists: true).Records);
        Assert.Empty(CatalogRules.Record(Live("t"), Name("u"), exists: false).Records);
    }

    [Fact]
    public void A_topic_that_settles_is_believed_even_if_the_catalog_did_not_know_it()
    {
        Assert.Equal(new CatalogRecord.Exists(Name("t")),
            Assert.Single(CatalogRules.Record(new CatalogState(), Name("t"), exists: true).Records));
        Assert.Equal(ErrorCode.InvalidTopicException, CatalogRules.Record(Live("a.b"), Name("a_b"), exists: true).Error);
        Assert.Empty(CatalogRules.Record(Live("a.b"), Name("a_b"), exists: false).Records);
    }

    [Fact]
    public void Pages_follow_ordinal_order_and_say_whether_more_follows()
    {
        var state = Live("b", "a", "Z", "c", "aa");
        Assert.Equal("Z a aa b c", string.Join(' ', state.Live));
        Check("", 2, "Z a", true);
        Check("a", 2, "aa b", true);
        Check("aa", 2, "b c", false);
        Check("ab", 9, "b c", false);
        Check("c", 9, "", false);
        Check("zzz", 1, "", false);
        Check("", 5, "Z a aa b c", false);

        void Check(string after, int max, string names, bool hasMore)
        {
            var page = state.Page(after, max);
            Assert.Equal((names, hasMore), (string.Join(' ', page.Names), page.HasMore));
        }
    }

    [Fact]
    public void A_full_catalog_refuses_new_names_but_lets_known_ones_go()
    {
        var names = Enumerable.Range(0, Limits.Topics).Select(i => Name("t" + i.ToString(CultureInfo.InvariantCulture))).ToList();
        var full = Of(new CatalogRecord.Snapshot(names, []));

        Assert.Equal(ErrorCode.PolicyViolation, CatalogRules.Announce(full, Name("one-more")).Error);
        Assert.Equal(ErrorCode.None, CatalogRules.Announce(full, Name("t7")).Error);
    }

    [Fact]
    public void Replay_and_snapshot_rebuild_the_live_state()
    {
        var names = Gen.Select(Gen.Char['a', 'f'], Gen.OneOf('.', '-', '_'), Gen.Char['a', 'f'])
            .Select((first, middle, last) => Name(new string([first, middle, last])));
        var steps = Gen.Select(names, Gen.Int[0, 2], Gen.Bool, Gen.Int[0, 49]);
        steps.Array[1, 300].Sample(
            history =>
            {
                var live = new CatalogState();
                var journal = new List<ReadOnlyMemory<byte>>();
                foreach (var (name, kind, exists, snapshot) in history)
                {
                    var decision = kind == 0 ? CatalogRules.Announce(live, name) : CatalogRules.Record(live, name, exists);
                    foreach (var record in decision.Records)
                    {
                        live.Apply(record);
                        journal.Add(CatalogRecordCodec.Write(record));
                    }

                    if (snapshot == 0)
                    {
                        journal = [CatalogRecordCodec.Write(live.Snapshot())];
                    }
                }

                Assert.Equal(Text(live), Text(Replay(journal)));
            },
            iter: 200);

        static CatalogState Replay(IEnumerable<ReadOnlyMemory<byte>> journal) =>
            Of([.. journal.Select(bytes => CatalogRecordCodec.TryRead(bytes.Span, out var record) ? record : throw new FormatException())]);

        static string Text(CatalogState state) => $"{string.Join(' ', state.Live)} | {string.Join(' ', state.Unsettled)} | {state.Count}";
    }
}
