using System.Globalization;
using Loire.Edge.Producing;
using Loire.Model;
using Loire.TestKit;
using Loire.TestKit.Fakes;

namespace Loire.Edge.Tests.Producing;

/// <summary>
/// Requests and answers are lost, delayed beyond what anybody waits for, and refused, at random. Whatever happens, an acknowledged record is stored once and at
/// its offset, a refused one is not, one in doubt is at most once, and all that is stored is in the order in which it was sent.
/// <c>LOIRE_SEED</c> repeats one run.
/// </summary>
public sealed class IdempotenceFaultTests
{
    private const int Runs = 300;
    private const int Records = 60;

    [Fact]
    public void Acknowledged_records_are_stored_once_and_in_order_whatever_is_lost()
    {
        var only = Environment.GetEnvironmentVariable("LOIRE_SEED");
        var first = only is null ? 1 : int.Parse(only, CultureInfo.InvariantCulture);
        var (acknowledged, doubtful) = (0, 0);
        for (var seed = first; seed < first + (only is null ? Runs : 1); seed++)
        {
            try
            {
                VirtualTime.Run(async time =>
                {
                    var outcomes = await RunAsync(time, new Random(seed));
                    (acknowledged, doubtful) = (acknowledged + outcomes.Acknowledged, doubtful + outcomes.InDoubt);
                });
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"LOIRE_SEED={seed}", failure);
            }
        }

        // The faults are such that both happen.
        Assert.True(only is not null || (acknowledged > Runs * Records / 4 && doubtful > Runs), $"{acknowledged} acknowledged, {doubtful} in doubt");
    }

    private static async Task<(int Acknowledged, int InDoubt)> RunAsync(ManualTime time, Random random)
    {
        var bench = await AccumulatorBench.StartAsync(
            time, IdempotenceTests.Policy with { BatchBytes = 200, Compression = random.Next(2) == 0 ? CompressionType.None : CompressionType.Lz4 });
        var faults = random.Next(1, 6);
        bench.Cluster.BeforeProducerId = number => Task.FromResult(number < faults % 3 ? ErrorCode.CoordinatorNotAvailable : ErrorCode.None);
        bench.Partition.BeforeAppend = async _ =>
        {
            switch (random.Next(10) < faults ? random.Next(6) : -1)
            {
                case 0: return ErrorCode.RequestTimedOut;
                case 1: throw new SiloUnavailableException();
                case 2: return ErrorCode.NotLeaderOrFollower;
                case 3: return random.Next(4) == 0 ? ErrorCode.InvalidRecord : ErrorCode.ThrottlingQuotaExceeded;

                // It arrives when its caller may have sent it again, or may have given up.
                case >= 4: await Task.Delay(TimeSpan.FromSeconds(random.Next(60)), time); return ErrorCode.None;
                default: return ErrorCode.None;
            }
        };
        bench.Partition.AfterAppend = async _ =>
        {
            switch (random.Next(10) < faults ? random.Next(3) : -1)
            {
                case 0: throw new TimeoutException();
                case 1: await Task.Delay(TimeSpan.FromSeconds(random.Next(60)), time); break;
                case 2: Restart(bench.Partition); throw new SiloUnavailableException();
            }
        };
        var places = new RecordPlace[Records];
        for (var i = 0; i < Records; i++)
        {
            places[i] = bench.Add(string.Create(CultureInfo.InvariantCulture, $"{i}"));
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(random.Next(10) == 0 ? 20_000 : 200)), time);
        }

        await bench.EndAsync(places);
        await Task.Delay(TimeSpan.FromMinutes(5), time);
        bench.Partition.BeforeAppend = null;
        return Check(places, [.. (await bench.LogAsync()).Split([" ", "|"], StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)]);
    }

    private static (int Acknowledged, int InDoubt) Check(RecordPlace[] places, int[] log)
    {
        Assert.Equal(log.Distinct().Order(), log);
        for (var i = 0; i < places.Length; i++)
        {
            if (places[i].Batch.Failure is not { } failure)
            {
                Assert.Equal(i, log[places[i].Offset.Value]);
            }
            else if (!failure.IsOutcomeUnknown)
            {
                Assert.DoesNotContain(i, log);
            }
        }

        return (places.Count(place => place.Batch.Failure is null), places.Count(place => place.Batch.Failure is { IsOutcomeUnknown: true }));
    }

    /// <summary>The next owner of the partition learns from the store what the last one knew.</summary>
    private static void Restart(FakePartition partition) => partition.Producers.Restore([.. partition.Producers.Producers], []);
}
