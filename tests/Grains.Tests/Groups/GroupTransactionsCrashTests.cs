using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Tests.Benches;
using Loire.Model.Transactions;
using Loire.TestKit;

namespace Loire.Grains.Tests.Groups;

/// <summary>
/// Producers commit offsets with transactions, beside commits without, while the group's silo dies at random storage calls. A producer commits its transaction
/// if all its calls were acknowledged, and aborts it otherwise. Once the group has confirmed all ends, the offsets are exactly those of the transactions that
/// committed, and nothing is pending; calls of transactions that have ended, and markers told again, change nothing.
/// </summary>
public class GroupTransactionsCrashTests
{
    private const int Producers = 4;
    private static readonly Task<StorageFault> Never = new TaskCompletionSource<StorageFault>().Task;

    [Fact]
    public void After_crashes_at_any_point_exactly_the_offsets_of_committed_transactions_count()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LOIRE_SEED"), out var given) ? given : 20260101;
        for (var run = seed; run < seed + 30; run++)
        {
            try
            {
                new Life(new Random(run)).Run();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"LOIRE_SEED={run}", e);
            }
        }
    }

    private sealed class Life(Random random)
    {
        private readonly GroupBench _bench = new();
        private readonly SortedDictionary<int, long> _expected = [];
        private readonly List<TransactionMarker> _told = [];
        private readonly List<TransactionalCommitRequest> _late = [];
        private long _offset;

        public void Run()
        {
            for (var round = 0; round < 15; round++)
            {
                ScheduleDeath();
                var ended = _late.Count == 0 ? null : _late[random.Next(_late.Count)];
                var open = Enumerable.Range(0, Producers).Where(_ => random.Next(4) > 0).ToDictionary(producer => producer, Pend);
                _ = _told.Count == 0 ? null : Post(_told[random.Next(_told.Count)]);
                _bench.Thread.Run();
                var zombie = ended is null ? null : _bench.Thread.Start(() => _bench.Driver.CommitInTransactionAsync(ended));
                foreach (var (producer, calls) in open)
                {
                    End(producer, calls);
                }

                Assert.False(zombie is { IsCompletedSuccessfully: true, Result.Error: ErrorCode.None }, "a call of a transaction that has ended");
                Revive(always: random.Next(2) == 0);
                var result = _bench.Thread.Finish(() => _bench.Driver.OffsetsAsync(null));
                Assert.Equal(
                    (string.Join(' ', _expected.Select(one => $"t-{one.Key}:{one.Value}")), null), (GroupBench.Text(result), result.Pending));
            }

            Assert.NotEmpty(_expected);
        }

        // Each producer has partitions of its own.
        private List<(int Partition, long Offset, Task<CommitResult> Call)> Pend(int producer)
        {
            List<(int, long, Task<CommitResult>)> calls = [];
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                var (partition, offset) = ((producer * 10) + random.Next(3), ++_offset);
                var request = new TransactionalCommitRequest(
                    FakeCoordinator.IdOf(producer), _bench.Transactions.Producer(producer), TransactionVersion.V2,
                    GroupBench.Request(null, -1, ("t", partition, offset)));
                calls.Add((partition, offset, _bench.Thread.Post(() => _bench.Driver.CommitInTransactionAsync(request))));
                _late.Add(request);
                if (random.Next(2) == 0)
                {
                    _bench.Thread.Run();
                }
            }

            return calls;
        }

        private void End(int producer, List<(int Partition, long Offset, Task<CommitResult> Call)> calls)
        {
            var commits = random.Next(4) > 0
                && calls.TrueForAll(one => one.Call is { IsCompletedSuccessfully: true, Result.Error: ErrorCode.None });
            var marker = _bench.Transactions.End(producer, commits);
            while (true)
            {
                var answer = Post(marker);
                _bench.Thread.Run();
                if (answer is { IsCompletedSuccessfully: true, Result: ErrorCode.None })
                {
                    break;
                }

                Revive(always: true);
                if (random.Next(2) == 0)
                {
                    ScheduleDeath();
                }
            }

            _bench.Transactions.Told(producer);
            _told.Add(marker);
            foreach (var (partition, offset, _) in commits ? calls : [])
            {
                _expected[partition] = offset;
            }
        }

        private Task<ErrorCode> Post(TransactionMarker marker) => _bench.Thread.Post(() => _bench.Driver.EndTransactionAsync(marker));

        private void Revive(bool always)
        {
            if (always)
            {
                _bench.Storage.Faults = null;
                _bench.Storage.Crash();
                _bench.Restart();
            }
            else
            {
                // The silo may have died without anyone noticing yet.
                var alive = _bench.Thread.Start(() => _bench.Driver.OffsetsAsync(null));
                if (alive is not { IsCompletedSuccessfully: true, Result.Error: ErrorCode.None })
                {
                    Revive(always: true);
                }

                _bench.Storage.Faults = null;
            }
        }

        /// <summary>After a number of storage calls none is answered any more, whether or not it has its effect.</summary>
        private void ScheduleDeath()
        {
            var (left, afterEffect) = (random.Next(0, 16), random.Next(2) == 0);
            _bench.Storage.Faults = _ =>
                --left >= 0 ? Task.FromResult(StorageFault.None)
                : left == -1 && afterEffect ? Task.FromResult(StorageFault.AnswerLate(Never))
                : Never;
        }
    }
}
