using System.Globalization;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Tests.Benches;
using Loire.Log;
using Loire.TestKit;

namespace Loire.Grains.Tests.Histories;

/// <summary>
/// Drivers under random load on storage with random faults, one activation replacing another, sometimes both alive: whatever producers were
/// told must be so in the end. Everything runs in one thread from one seed.
/// </summary>
public class FaultTests
{
    public static TheoryData<int> Seeds =>
        int.TryParse(Environment.GetEnvironmentVariable("LOIRE_SEED"), CultureInfo.InvariantCulture, out var seed)
        ? [seed]
        : [.. Enumerable.Range(1, 60)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Nothing_acknowledged_is_lost_moved_or_doubled(int seed)
    {
        var (problems, acknowledged) = Run(seed, planted: false);
        Assert.True(problems.Count == 0, $"LOIRE_SEED={seed}: {string.Join("; ", problems.Take(5))}");
        Assert.InRange(acknowledged, 1, int.MaxValue);
    }

    [Fact]
    public void A_driver_that_acknowledges_before_storage_does_is_caught()
    {
        var caught = Enumerable.Range(1, 20)
            .Count(seed => Run(seed, planted: true).Problems.Any(problem => problem.Contains("is lost", StringComparison.Ordinal)));
        Assert.InRange(caught, 10, 20);
    }

    private static (List<string> Problems, int Acknowledged) Run(int seed, bool planted)
    {
        var random = new Random(seed);
        var storage = new LossyGrainStorage();
        var thread = new DriverThread();
        var faultRate = random.Next(0, 15);
        List<TaskCompletionSource> delayed = [];
        storage.Faults = async call =>
        {
            if (random.Next(100) < 30)
            {
                var delay = new TaskCompletionSource();
                delayed.Add(delay);
                await delay.Task.ConfigureAwait(false);
            }

            return call.Operation == StorageOperation.Read || random.Next(100) >= faultRate ? StorageFault.None : random.Next(4) switch
            {
                0 => StorageFault.LoseAnswer(new TimeoutException("the answer was lost")),
                1 => StorageFault.Refuse(new TimeoutException("the request was lost")),
                2 => StorageFault.Refuse(new StorageFullException("no space left")),
                _ => StorageFault.ArriveLate(new TimeoutException("the request is late"), Task.CompletedTask),
            };
        };

        var sends = new List<(Task<AppendResult> Append, Func<SendOutcome, long, Send> Make, long Predicted)>();
        var benches = new List<PartitionBench> { New() };
        var numbers = new int[3];
        var waiting = new (Task Append, PartitionBench To)[3];
        for (var step = 0; step < 1_500; step++)
        {
            switch (random.Next(100))
            {
                case < 50:
                    Send(random.Next(3));
                    break;
                case < 85:
                    Release();
                    break;
                case < 93:
                    foreach (var bench in benches)
                    {
                        bench.Advance(TimeSpan.FromMilliseconds(random.Next(1, 3_000)));
                    }

                    break;
                default:
                    // The next activation, while the one before may still believe that it leads; the oldest dies without a word.
                    benches.Add(New());
                    if (benches.Count > 2)
                    {
                        benches[0].Silo.IsDead = true;
                        benches.RemoveAt(0);
                    }

                    break;
            }
        }

        storage.Faults = null;
        while (delayed.Count > 0)
        {
            Release();
        }

        for (var i = 0; i < 200 && sends.Any(send => !send.Append.IsCompleted); i++)
        {
            benches.ForEach(bench => bench.Advance(TimeSpan.FromSeconds(1)));
        }

        var all = sends.Select(Told).ToList();
        var reader = new PartitionBench(storage);
        return (History.Problems(all, ReadAll(reader)), all.Count(send => send.Outcome == SendOutcome.Acknowledged));

        Send Told((Task<AppendResult> Append, Func<SendOutcome, long, Send> Make, long Predicted) send)
        {
            // The planted driver says yes as soon as it has given an offset, whatever becomes of the records.
            var result = send.Append.IsCompleted ? send.Append.Now() : null;
            return result is { Error: ErrorCode.None } ? send.Make(SendOutcome.Acknowledged, result.BaseOffset.Value)
                : planted && send.Predicted >= 0 ? send.Make(SendOutcome.Acknowledged, send.Predicted)
                : send.Make(result is null ? SendOutcome.Unknown : Outcome(result.Error), -1);
        }

        PartitionBench New() => new(storage, thread: thread);

        void Send(int producer)
        {
            // A producer sends its next batch when it knows about the one before, or when whom it sent it to is gone: nothing orders two
            // batches on different ways.
            if (waiting[producer] is { Append.IsCompleted: false } last && benches.Contains(last.To))
            {
                return;
            }

            var number = ++numbers[producer];
            var bytes = Batch.Of([.. Enumerable.Range(0, random.Next(1, 4)).Select(i => $"{producer}/{number}/{i}")]);
            var bench = benches[random.Next(benches.Count)];
            var predicted = bench.Log.IsLeader ? bench.Log.LogEndOffset.Value : -1;
            var append = bench.Append(bytes);
            waiting[producer] = (append, bench);
            sends.Add((append, (outcome, offset) => new Send(producer, number, 0, bytes, outcome, offset), predicted));
        }

        void Release()
        {
            if (delayed.Count > 0)
            {
                var index = random.Next(delayed.Count);
                var delay = delayed[index];
                delayed.RemoveAt(index);
                thread.After(delay.SetResult);
            }

            thread.Run();
        }
    }

    // A refusal is definite only where the driver never gave the append an offset.
    private static SendOutcome Outcome(ErrorCode error) =>
        error == ErrorCode.ThrottlingQuotaExceeded ? SendOutcome.Refused : SendOutcome.Unknown;

    private static byte[] ReadAll(PartitionBench bench)
    {
        var log = new List<byte>();
        for (long from = 0; ;)
        {
            var result = bench.Fetched(from);
            Assert.Equal(ErrorCode.None, result.Error);
            if (result.Batches.Length == 0)
            {
                return [.. log];
            }

            log.AddRange(Batch.Bytes(result));
            from = result.NextOffset.Value;
        }
    }
}
