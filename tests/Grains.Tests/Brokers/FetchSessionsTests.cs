using Loire.Grains.Brokers;
using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Tests.Benches;
using Loire.Grains.Turns;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Grains.Tests.Brokers;

/// <summary>The fetches that other processes have under way at a broker.</summary>
public sealed class FetchSessionsTests
{
    private static readonly Guid Session = Guid.Parse("11111111-2222-3333-4444-555555555555");
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private readonly DriverThread _thread = new();
    private readonly ManualTime _time = new();
    private readonly Dictionary<string, TaskCompletionSource<FetchResult>> _fetches = [];
    private readonly HashSet<string> _cancelled = [];
    private readonly FetchSessions _sessions;

    public FetchSessionsTests() => _sessions = new FetchSessions(FetchAsync, new SchedulerTurnQueue(_thread), _time);

    [Fact]
    public void One_call_waits_for_all_partitions_and_brings_the_one_that_has_records()
    {
        Assert.Empty(Open("a", "b", "c").Fetched);
        var waiting = Call(1);
        Assert.False(waiting.IsCompleted);
        Answer("b", "x");

        var fetched = Assert.Single(waiting.Now().Fetched);
        Assert.Equal((2, "x"), (fetched.Id, Text(fetched.Result)));
        Assert.False(Call(2).IsCompleted);
    }

    [Fact]
    public void Answers_without_records_come_together()
    {
        Open("a", "b");
        var waiting = Call(1);
        Answer("a");
        Answer("b");
        Assert.False(waiting.IsCompleted);
        Advance(FetchSessions.EmptyDelay);

        Assert.Equal([1L, 2], waiting.Now().Fetched.Select(fetched => fetched.Id));
    }

    [Fact]
    public void Newer_call_ends_the_wait_of_an_older_one_whichever_arrives_first()
    {
        Open("a");
        var (older, newer) = (Call(2), Call(3));
        Assert.Empty(older.Now().Fetched);
        Assert.Empty(Call(1, add: "b").Now().Fetched);
        Answer("b", "x");

        Assert.Equal("x", Text(Assert.Single(newer.Now().Fetched).Result));
    }

    [Fact]
    public void Call_that_is_delivered_twice_waits_and_takes_only_once()
    {
        Open("a");
        var (first, second) = (Call(1), Call(1));
        Assert.Empty(second.Now().Fetched);
        Answer("a", "x");

        Assert.Equal("x", Text(Assert.Single(first.Now().Fetched).Result));
    }

    [Fact]
    public void Call_that_waits_long_enough_is_answered_with_nothing()
    {
        Open("a");
        var waiting = Call(1);
        Advance(Long);

        Assert.Equal((ErrorCode.None, 0), (waiting.Now().Error, waiting.Now().Fetched.Length));
    }

    [Fact]
    public void Cancelled_fetch_is_cancelled_at_its_partition_and_not_answered()
    {
        Open("a", "b");
        var waiting = _thread.Start(() => _sessions.FetchAsync(new BrokerFetchRequest(Session, 1, false, [], [1], Long), default).AsTask());
        Assert.Equal(["a"], _cancelled);
        Answer("b", "x");

        Assert.Equal(2, Assert.Single(waiting.Now().Fetched).Id);
    }

    [Fact]
    public void Fetch_that_fails_is_answered_with_a_retriable_error()
    {
        Open("a");
        var waiting = Call(1);
        _thread.After(() => _fetches["a"].SetException(new TimeoutException("late")));

        Assert.Equal(ErrorCode.LeaderNotAvailable, Assert.Single(waiting.Now().Fetched).Result.Error);
    }

    [Fact]
    public void Session_that_nobody_uses_is_forgotten_and_its_fetches_are_cancelled()
    {
        Open("a");
        Advance(FetchSessions.Unused + TimeSpan.FromSeconds(1));
        _thread.After(_sessions.Sweep);

        Assert.Equal((0, "a"), (_sessions.Count, Assert.Single(_cancelled)));
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, Call(1).Now().Error);
    }

    [Fact]
    public void Broker_that_stops_ends_all_waits_and_refuses_later_calls()
    {
        Open("a");
        var waiting = Call(1);
        _thread.After(_sessions.Retire);

        Assert.True(waiting.IsCompleted);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Call(2).Now().Error);
    }

    private BrokerFetchResult Open(params string[] partitions) => _thread.Start(() => _sessions.FetchAsync(
        new BrokerFetchRequest(Session, 0, true, [.. partitions.Select((partition, i) => Fetch(i + 1, partition))], [], TimeSpan.Zero), default).AsTask()).Now();

    private Task<BrokerFetchResult> Call(long number, string? add = null) => _thread.Start(() => _sessions.FetchAsync(
        new BrokerFetchRequest(Session, number, false, add is null ? [] : [Fetch(100 + number, add)], [], Long), default).AsTask());

    private static PartitionFetch Fetch(long id, string partition) => new(id, partition, new FetchRequest(Offset.Zero, 1_000, 1, Long));

    private void Answer(string partition, string? record = null) => _thread.After(() => _fetches[partition].SetResult(new FetchResult(
        ErrorCode.None, record is null ? [] : [Batch.Of(record)], new Offset(record is null ? 0 : 1),
        new PartitionOffsets(ErrorCode.None, Offset.Zero, Offset.Zero, Offset.Zero, Offset.Zero, LeaderEpoch.None), null)));

    private void Advance(TimeSpan time) => _thread.After(() => _time.Advance(time));

    private static string Text(FetchResult result) => Batch.Text(result)[2..];

    private async ValueTask<FetchResult> FetchAsync(string partition, FetchRequest request, CancellationToken cancellation)
    {
        var answer = _fetches[partition] = new TaskCompletionSource<FetchResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = cancellation.UnsafeRegister(_ => _cancelled.Add(partition), null);
        return await answer.Task;
    }
}
