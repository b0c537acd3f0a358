using Loire.Grains.Tests.Benches;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Tests.Histories;

/// <summary>A checker that finds nothing proves nothing: each kind of damage is made once.</summary>
public class HistoryTests
{
    private static readonly Send A = new(1, 1, 0, Batch.Of("a", "aa"), SendOutcome.Acknowledged, 0);
    private static readonly Send B = new(1, 2, 0, Batch.Of("b"), SendOutcome.Acknowledged, 2);
    private static readonly Send C = new(2, 1, 0, Batch.Of("c"), SendOutcome.Unknown, -1);

    [Fact]
    public void A_faultless_history_has_no_problems()
    {
        Assert.Empty(History.Problems([A, B, C], Log((0, A), (2, B))));
        Assert.Empty(History.Problems([A, B, C], Log((0, A), (2, B), (3, C))));
        Assert.Empty(History.Problems([], []));
    }

    [Fact]
    public void Every_kind_of_damage_is_found()
    {
        Found("is lost", [A, B], Log((0, A)));
        Found("is lost", [A, B], []);
        Found("is read twice", [A, B], Log((0, A), (2, B), (3, B)));
        Found("is read at 0", [A with { BaseOffset = 7 }], Log((0, A)));
        Found("offset 2 was expected", [A, B with { BaseOffset = 3 }], Log((0, A), (3, B)));
        Found("offset 2 was expected", [A, B with { BaseOffset = 1 }], Log((0, A), (1, B)));
        Found("nobody sent", [A], Log((0, A), (2, C)));
        Found("was refused", [A, C with { Outcome = SendOutcome.Refused }], Log((0, A), (2, C)));
        Found("of the same producer", [A with { BaseOffset = 1 }, B with { BaseOffset = 0 }], Log((0, B), (1, A)));
        var damaged = Log((0, A));
        damaged[^1] ^= 1;
        Found("is damaged", [A], damaged);
    }

    private static void Found(string problem, Send[] sends, byte[] log) =>
        Assert.Contains(History.Problems(sends, log), text => text.Contains(problem, StringComparison.Ordinal));

    private static byte[] Log(params (long Offset, Send Send)[] batches) => Batch.Join([.. batches.Select(batch =>
    {
        var bytes = batch.Send.Bytes.ToArray();
        RecordBatch.Stamp(batch.Send.Bytes.Span, new Offset(batch.Offset), new LeaderEpoch(0), bytes);
        return (ReadOnlyMemory<byte>)bytes;
    })]).ToArray();
}
