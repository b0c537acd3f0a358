using Loire.Grains.Interfaces.Partitions;
using Loire.Kafka.Handlers.Fetching;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Kafka.Tests.Fetching;

/// <summary>The rules of incremental sessions (KIP-227), beyond what the recorded scenarios show.</summary>
public sealed class IncrementalSessionTests
{
    private const int None = 0;
    private const int Open = 0;
    private const int Without = -1;

    private readonly ManualTime _time = new();

    [Fact]
    public void Session_remembers_what_is_wanted()
    {
        var sessions = new IncrementalSessions(_time);
        var session = sessions.Begin(None, Open, false, [Wanted("a", 0, 5), Wanted("a", 1, 0)], []).Session!;
        var next = sessions.Begin(session.Id, 1, false, [Wanted("a", 1, 7)], []);
        Assert.Equal((ErrorCode.None, true), (next.Error, next.IsIncremental));
        Assert.Equal([Wanted("a", 0, 5), Wanted("a", 1, 7)], next.Wanted);
    }

    [Theory]
    [InlineData(1, ErrorCode.None, "the next request")]
    [InlineData(2, ErrorCode.InvalidFetchSessionEpoch, "a request has been lost")]
    [InlineData(-5, ErrorCode.InvalidFetchSessionEpoch, "no epoch at all")]
    public void Epoch_counts_the_requests(int epoch, ErrorCode expected, string reason)
    {
        var sessions = new IncrementalSessions(_time);
        var session = sessions.Begin(None, Open, false, [Wanted("a", 0, 0)], []).Session!;
        var error = sessions.Begin(session.Id, epoch, false, [], []).Error;
        Assert.True(expected == error, $"{reason}: {error}");
        Assert.Equal(1, sessions.Count);
    }

    [Fact]
    public void Epoch_after_the_greatest_is_the_first_again() =>
        Assert.Equal((2, 1), (IncrementalSession.EpochAfter(1), IncrementalSession.EpochAfter(int.MaxValue)));

    [Fact]
    public void Client_gets_no_session_while_all_are_in_use_and_the_one_that_idles_longest_makes_room()
    {
        var sessions = new IncrementalSessions(_time, capacity: 2);
        var first = sessions.Begin(None, Open, false, [Wanted("a", 0, 0)], []).Session!;
        _time.Advance(TimeSpan.FromSeconds(60));
        var second = sessions.Begin(None, Open, false, [Wanted("a", 0, 0)], []).Session!;
        var refused = sessions.Begin(None, Open, false, [Wanted("a", 0, 0)], []);
        Assert.Equal((ErrorCode.None, (IncrementalSession?)null), (refused.Error, refused.Session));
        Assert.Single(refused.Wanted);

        _time.Advance(TimeSpan.FromSeconds(60));
        var third = sessions.Begin(None, Open, false, [Wanted("a", 0, 0)], []).Session;
        Assert.NotNull(third);
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, sessions.Begin(first.Id, 1, false, [], []).Error);
        Assert.Equal(ErrorCode.None, sessions.Begin(second.Id, 1, false, [], []).Error);
        Assert.Equal(2, sessions.Count);
    }

    [Fact]
    public void Session_in_use_does_not_make_room_however_old_it_is()
    {
        var sessions = new IncrementalSessions(_time, capacity: 1);
        var session = sessions.Begin(None, Open, false, [Wanted("a", 0, 0)], []).Session!;
        for (var epoch = 1; epoch < 5; epoch++)
        {
            _time.Advance(TimeSpan.FromSeconds(100));
            Assert.Equal(ErrorCode.None, sessions.Begin(session.Id, epoch, false, [], []).Error);
            Assert.Null(sessions.Begin(None, Open, false, [Wanted("a", 0, 0)], []).Session);
        }
    }

    [Fact]
    public void Session_of_too_many_partitions_is_not_opened_and_one_that_grows_too_large_ends()
    {
        var sessions = new IncrementalSessions(_time, partitions: 2);
        Assert.Null(sessions.Begin(None, Open, false, [Wanted("a", 0, 0), Wanted("a", 1, 0), Wanted("a", 2, 0)], []).Session);
        var session = sessions.Begin(None, Open, false, [Wanted("a", 0, 0), Wanted("a", 1, 0)], []).Session!;
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, sessions.Begin(session.Id, 1, false, [Wanted("a", 2, 0)], []).Error);
        Assert.Equal(0, sessions.Count);
    }

    [Fact]
    public void Session_that_was_never_gone_on_with_can_be_dropped()
    {
        var sessions = new IncrementalSessions(_time);
        var unused = sessions.Begin(None, Open, false, [Wanted("a", 0, 0)], []).Session!;
        var used = sessions.Begin(None, Open, false, [Wanted("a", 0, 0)], []).Session!;
        sessions.Begin(used.Id, 1, false, [], []);
        sessions.RemoveUnused(unused.Id);
        sessions.RemoveUnused(used.Id);
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, sessions.Begin(unused.Id, 1, false, [], []).Error);
        Assert.Equal(ErrorCode.None, sessions.Begin(used.Id, 2, false, [], []).Error);
    }

    [Fact]
    public void Partition_named_twice_is_wanted_once_as_it_was_named_last() => Assert.Equal(
        [Wanted("a", 0, 9), Wanted("a", 1, 0)],
        new IncrementalSessions(_time).Begin(None, Without, false, [Wanted("a", 0, 1), Wanted("a", 1, 0), Wanted("a", 0, 9)], []).Wanted);

    [Fact]
    public void Client_is_told_what_has_changed()
    {
        var session = new IncrementalSession(1, false, null);
        session.Add([Wanted("a", 0, 0)]);
        var partition = Wanted("a", 0, 0).Partition;
        session.NoteTold(partition, Read(start: 0, end: 3));
        Assert.False(session.TellIfNew(partition, Read(start: 0, end: 3)));
        Assert.True(session.TellIfNew(partition, Read(start: 0, end: 4)));
        Assert.False(session.TellIfNew(partition, Read(start: 0, end: 4)));
        Assert.True(session.TellIfNew(partition, Read(start: 2, end: 4)));
        Assert.True(session.TellIfNew(partition, Read(start: 2, end: 4, bytes: 10)));
        Assert.True(session.TellIfNew(partition, Read(start: 2, end: 4) with { Diverging = new EpochEnd(new LeaderEpoch(1), 1) }));
    }

    [Fact]
    public void Error_is_told_every_time_and_so_is_its_end()
    {
        var session = new IncrementalSession(1, false, null);
        session.Add([Wanted("a", 0, 0)]);
        var partition = Wanted("a", 0, 0).Partition;
        session.NoteTold(partition, Read(start: 0, end: 3));
        Assert.True(session.TellIfNew(partition, PartitionRead.Failed(ErrorCode.NotLeaderOrFollower)));
        Assert.True(session.TellIfNew(partition, PartitionRead.Failed(ErrorCode.NotLeaderOrFollower)));
        Assert.True(session.TellIfNew(partition, Read(start: 0, end: 3)));
        Assert.False(session.TellIfNew(partition, Read(start: 0, end: 3)));
    }

    [Fact]
    public void Nothing_is_told_of_a_partition_that_was_forgotten_meanwhile()
    {
        var session = new IncrementalSession(1, false, null);
        session.Add([Wanted("a", 0, 0), Wanted("a", 1, 0)]);
        session.Continue(1, false, [], [Wanted("a", 0, 0).Partition], out _);
        Assert.False(session.TellIfNew(Wanted("a", 0, 0).Partition, Read(start: 0, end: 4, bytes: 10)));
    }

    private static WantedPartition Wanted(string topic, int partition, long from) => new(
        new NamedPartition(topic, Guid.Empty, partition), new ReadPosition(from, 1_000, LeaderEpoch.None, LeaderEpoch.None));

    private static PartitionRead Read(long start, long end, int bytes = 0) => new(
        ErrorCode.None, new PartitionOffsets(ErrorCode.None, start, end, end, end, new LeaderEpoch(0)), bytes == 0 ? [] : [new byte[bytes]], end);
}
