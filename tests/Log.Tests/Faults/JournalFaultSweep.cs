using System.Globalization;
using System.Text;
using Loire.Log.Audits;
using Loire.Log.Journals;
using Loire.Log.Partitions;
using Loire.Log.Tests.Lives;
using Loire.Log.Tests.LogSuite;
using Loire.TestKit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Loire.Log.Tests.Faults;

/// <summary>
/// The life of a journal, whose name is used again after its deletion, beside sweeps of the store: each of its calls of storage goes wrong once in
/// each way. What was acknowledged is replayed in its order and once, nothing of the journal before it returns, and nothing is left in the end.
/// </summary>
public sealed class JournalFaultSweep(ITestOutputHelper output)
{
    private const string Leftover = "loire|log/group/g/00000000000000000000000000000001/chunk/0000000000000003";

    [Fact]
    public void One_call_that_goes_wrong_loses_nothing_and_leaves_a_journal_that_works()
    {
        var calls = new List<StorageCall>();
        Assert.Null(ProblemOf(
            new Life(),
            call =>
            {
                calls.Add(call);
                return Task.FromResult(StorageFault.None);
            }));
        Assert.InRange(calls.Count, 80, 300);
        var (runs, problems) = (0, new List<string>());
        foreach (var fault in CallFault.All.Where(fault => !fault.IsPermanent))
        {
            foreach (var at in Sweep.Points(1, calls.Count, every: 3))
            {
                if (fault.AppliesTo(calls[at - 1]))
                {
                    runs++;
                    var life = new Life();
                    var problem = ProblemOf(life, fault.At(at, life.World.Time));
                    problems.AddRange(problem is null ? [] : [$"call {at}, the {calls[at - 1].Operation} of {calls[at - 1].Key}, {fault.Name}: {problem}"]);
                }
            }
        }

        output.WriteLine($"{calls.Count} calls, {runs} runs");
        Assert.True(problems.Count == 0, $"{problems.Count} of {runs} runs:\n{string.Join('\n', problems.Take(12))}");
    }

    private static string? ProblemOf(Life life, Func<StorageCall, Task<StorageFault>> faults)
    {
        try
        {
            life.World.Store.Faults = faults;
            life.World.Run(life.RunAsync);
            life.World.RunToEnd(life.EndAsync);
            return life.World.Store.Keys.Count > 0 ? $"left are {string.Join(' ', life.World.Store.Keys)}" : null;
        }
        catch (Exception problem)
        {
            return problem is XunitException ? problem.Message : problem.ToString();
        }
    }

    private sealed class Life
    {
        private static readonly JournalOptions _options = new() { TailChunks = 8, SegmentBytes = 300, WholeChunkBytes = 200, HeadSegments = 2 };
        private readonly List<string> _acknowledged = [];
        private readonly HashSet<string> _sent = [];
        private List<string> _state = [];
        private Journal? _journal;
        private int _values;

        // Its store, its time and its thread; the log that it is meant for is not used.
        public LogWorld World { get; } = new("unused/0", new PartitionLogOptions());

        public async Task RunAsync()
        {
            await AppendAsync(6);
            await DoAsync("snapshot", () => _journal!.SnapshotAsync(Encoding.UTF8.GetBytes(string.Join(',', _state))));
            await AppendAsync(3);

            // Another owner takes over, and the one before does not know.
            var before = _journal;
            _journal = null;
            await AppendAsync(3);
            await before!.DisposeAsync();
            await DoAsync("snapshot", () => _journal!.SnapshotAsync(Encoding.UTF8.GetBytes(string.Join(',', _state))));
            await StopAsync();
            await AppendAsync(1);
            await StopAsync();

            await DeleteAsync();
            await AppendAsync(2);
            World.Store.Replace(Leftover, [1, 2, 3]);
            await SweepAsync();
            await AppendAsync(1);
            await StopAsync();
        }

        public async Task EndAsync()
        {
            await AppendAsync(1);
            await StopAsync();
            await SweepAsync();
            Assert.DoesNotContain(Leftover, World.Store.Keys);
            await AppendAsync(1);
            await StopAsync();
            await DeleteAsync();
            await SweepAsync();
        }

        private async Task AppendAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                await DoAsync("append", async () =>
                {
                    var value = string.Create(CultureInfo.InvariantCulture, $"v{_values++}");
                    _sent.Add(value);
                    var error = await _journal!.AppendAsync([Encoding.UTF8.GetBytes(value)]);
                    if (error == ErrorCode.None)
                    {
                        // What one answer from the past may have hidden from the replay keeps it from appending.
                        Assert.Equal(_acknowledged, _state.Where(_acknowledged.Contains));
                        _acknowledged.Add(value);
                        _state.Add(value);
                    }
                    else if (error is ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError)
                    {
                        _sent.Remove(value);
                    }

                    return error;
                });
            }
        }

        private async Task DeleteAsync()
        {
            await TryAsync("delete", () => New().DeleteAsync());
            _acknowledged.Clear();
            _sent.Clear();
        }

        private async Task SweepAsync()
        {
            try
            {
                await new LogSweep(World.Store, World.Store, World.Time).RunAsync(static _ => Task.FromResult(false));
            }
            catch (TimeoutException)
            {
                // A listing that failed; the next sweep comes later.
            }
        }

        private Journal New() => new(World.Store, "group/g", LogBench.NewWriter(), _options, World.Time);

        private Task DoAsync(string what, Func<Task<ErrorCode>> work) => TryAsync(what, async () =>
        {
            if (_journal is { CloseReason: not null })
            {
                await StopAsync();
            }

            var error = _journal is null ? await OpenAsync() : ErrorCode.None;
            return error == ErrorCode.None ? await work() : error;
        });

        private async Task<ErrorCode> OpenAsync()
        {
            var (journal, state) = (New(), new List<string>());
            var error = await journal.OpenAsync(
                snapshot => state = [.. Encoding.UTF8.GetString(snapshot).Split(',', StringSplitOptions.RemoveEmptyEntries)],
                record => state.Add(Encoding.UTF8.GetString(record)));
            if (error != ErrorCode.None)
            {
                await journal.DisposeAsync();
                return error;
            }

            (_journal, _state) = (journal, state);
            Assert.All(state, value => Assert.Contains(value, _sent));
            Assert.Distinct(state);
            return error;
        }

        private async Task StopAsync()
        {
            if (_journal is { } journal)
            {
                _journal = null;
                await journal.DisposeAsync();
            }
        }

        private Task TryAsync(string what, Func<Task<ErrorCode>> work) =>
            new PersistentOwner(World).TryAsync(what, async () =>
            {
                // A journal that is being deleted is free again once that is done.
                var error = await work();
                return error == ErrorCode.UnknownTopicOrPartition ? ErrorCode.KafkaStorageError : error;
            });
    }
}
