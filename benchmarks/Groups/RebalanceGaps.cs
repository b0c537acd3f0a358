using Loire.Client;
using Loire.Model;

namespace Loire.Groups.Benchmarks;

/// <summary>
/// A cooperative group of 100 members over 200 partitions that all get a record every 40 ms. One member joins, one leaves. What the others
/// notice of it: for each partition that did not move the longest time between two deliveries, beside an equal time just before.
/// </summary>
internal static class RebalanceGaps
{
    private const int Members = 100;
    private const int Partitions = 200;
    private const int Rounds = 5;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(3);

    public static async Task MeasureAsync(string directory)
    {
        await using var node = await GroupNode.StartAsync(directory, cacheBytes: 64 * 1024 * 1024);
        await using var deliveries = new Deliveries(Partitions);
        await deliveries.StartAsync(node.Client, TimeSpan.FromMilliseconds(40));
        var readers = Enumerable.Range(0, Members).Select(_ => NewReader(node, deliveries)).ToList();
        await UntilStableAsync(readers);
        await WindowAsync(deliveries);
        List<(double Quiet, double Stir)> joins = [], leaves = [];
        for (var round = 0; round < Rounds; round++)
        {
            joins.AddRange(await BesideAsync(deliveries, () =>
            {
                readers.Add(NewReader(node, deliveries));
                return UntilStableAsync(readers);
            }));
            leaves.AddRange(await BesideAsync(deliveries, async () =>
            {
                await readers[0].DisposeAsync();
                readers.RemoveAt(0);
                await UntilStableAsync(readers);
            }));
        }

        Print("joins", joins);
        Print("leaves", leaves);
        await Task.WhenAll(readers.Select(reader => reader.DisposeAsync().AsTask()));
    }

    private static void Print(string what, List<(double Quiet, double Stir)> gaps)
    {
        var (quiet, stir, extra) = (Of(one => one.Quiet), Of(one => one.Stir), Of(one => one.Stir - one.Quiet));
        Row.Print(
            $"longest gap in delivery while a member {what}, median of {gaps.Count} partitions that stay (1 in 100, worst)",
            $"{At(stir, 0.5):N0} ({At(stir, 0.99):N0}, {stir[^1]:N0}) ms",
            $"before: {At(quiet, 0.5):N0} ({At(quiet, 0.99):N0}, {quiet[^1]:N0}) ms",
            At(stir, 0.5) / At(quiet, 0.5));
        Row.Print(
            "more than before, each beside itself: median, 1 in 100, worst; partitions over 10 ms more (over 10 ms less)",
            $"{At(extra, 0.5):N1}, {At(extra, 0.99):N1}, {extra[^1]:N1} ms; {extra.Count(one => one > 10)}",
            $"({extra.Count(one => one < -10)})",
            target: "none above 10 ms");

        double[] Of(Func<(double Quiet, double Stir), double> part) => [.. gaps.Select(part).Order()];
        static double At(double[] ordered, double share) => ordered[(int)((ordered.Length - 1) * share)];
    }

    /// <summary>For each partition that stays the longest gap in a quiet time and then in an equal one in which something happens.</summary>
    private static async Task<IEnumerable<(double Quiet, double Stir)>> BesideAsync(Deliveries deliveries, Func<Task> happen)
    {
        var quiet = await WindowAsync(deliveries);
        var window = WindowAsync(deliveries);
        await happen();
        var stir = await window;
        return quiet.Zip(stir).Where(gap => gap.First is not null && gap.Second is not null)
            .Select(gap => (gap.First!.Value, gap.Second!.Value));
    }

    private static async Task<double?[]> WindowAsync(Deliveries deliveries)
    {
        deliveries.Reset();
        await Task.Delay(Window);
        return deliveries.Gaps();
    }

    private static async Task UntilStableAsync(List<Reader> readers)
    {
        var share = Partitions / readers.Count;
        while (readers.Sum(reader => reader.Assignment.Count) != Partitions || readers.Any(reader => reader.Assignment.Count < share))
        {
            await Task.Delay(5);
        }
    }

    private static Reader NewReader(GroupNode node, Deliveries deliveries) => new(
        node.Client, new ConsumerOptions<Ignore, Ignore> { GroupId = "readers", AutoOffsetReset = OffsetSpec.Latest }, deliveries);
}
