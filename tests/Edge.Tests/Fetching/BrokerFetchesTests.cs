using System.Threading.Channels;
using Loire.Edge.Fetching;
using Loire.Edge.Scheduling;
using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.TestKit;
using Loire.TestKit.Fakes;

namespace Loire.Edge.Tests.Fetching;

/// <summary>Fetches of many partitions by one call that waits.</summary>
public sealed class BrokerFetchesTests
{
    [Fact]
    public void Fetches_share_one_call_and_each_gets_its_own_answer() => Run(async bench =>
    {
        Task<FetchResult>[] fetches = [bench.FetchAsync("a"), bench.FetchAsync("b"), bench.FetchAsync("c")];
        var first = await bench.CallAsync(0);
        Assert.Equal(["a", "b", "c"], first.Request.Added.Select(fetch => fetch.Partition));
        Assert.True(first.Request is { IsFirst: true, MaxWait.Ticks: 0 });
        first.Answer.SetResult(new BrokerFetchResult(ErrorCode.None, []));
        var second = await bench.CallAsync(1);
        Assert.True(second.Request is { IsFirst: false, Added.Length: 0 } waiting && waiting.MaxWait == BrokerFetches.CallWait);
        second.Answer.SetResult(bench.Answers(first.Request.Added[1]));
        Assert.Equal(7, (await fetches[1]).NextOffset.Value);
        Assert.False(fetches[0].IsCompleted || fetches[2].IsCompleted);

        // One that comes while a call waits goes at once.
        await bench.CallAsync(2);
        var later = bench.FetchAsync("d");
        var fourth = await bench.CallAsync(3);
        Assert.Equal("d", Assert.Single(fourth.Request.Added).Partition);
        fourth.Answer.SetResult(bench.Answers(fourth.Request.Added[0]));
        Assert.Equal(7, (await later).NextOffset.Value);
    });

    [Fact]
    public void Failed_call_fails_every_fetch_and_the_next_fetch_begins_another_session() => Run(async bench =>
    {
        Task<FetchResult>[] fetches = [bench.FetchAsync("a"), bench.FetchAsync("b")];
        (await bench.CallAsync(0)).Answer.SetException(new SiloUnavailableException("It was lost."));
        foreach (var fetch in fetches)
        {
            await Assert.ThrowsAsync<SiloUnavailableException>(() => fetch);
        }

        _ = bench.FetchAsync("c");
        Assert.True((await bench.CallAsync(1)).Request.IsFirst);
        Assert.NotEqual(bench.Calls[0].Request.Session, bench.Calls[1].Request.Session);
        Assert.Equal("c", Assert.Single(bench.Calls[1].Request.Added).Partition);
    });

    [Fact]
    public void Broker_that_has_forgotten_the_session_is_sent_every_fetch_again() => Run(async bench =>
    {
        _ = bench.FetchAsync("a");
        _ = bench.FetchAsync("b");
        (await bench.CallAsync(0)).Answer.SetResult(new BrokerFetchResult(ErrorCode.None, []));
        (await bench.CallAsync(1)).Answer.SetResult(new BrokerFetchResult(ErrorCode.FetchSessionIdNotFound, []));
        var again = await bench.CallAsync(2);

        Assert.True(again.Request.IsFirst);
        Assert.Equal(["a", "b"], again.Request.Added.Select(fetch => fetch.Partition).Order());
    });

    [Fact]
    public void Call_without_an_answer_fails_after_its_time() => Run(async bench =>
    {
        var fetch = bench.FetchAsync("a");
        await bench.CallAsync(0);
        bench.Time.Advance(TimeSpan.FromSeconds(6));

        await Assert.ThrowsAsync<TimeoutException>(() => fetch);
    });

    [Fact]
    public void Fetch_that_is_cancelled_is_named_in_the_next_call() => Run(async bench =>
    {
        using var cancellation = new CancellationTokenSource();
        var (cancelled, other) = (bench.FetchAsync("a", cancellation.Token), bench.FetchAsync("b"));
        var first = await bench.CallAsync(0);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        first.Answer.SetResult(new BrokerFetchResult(ErrorCode.None, []));

        var second = await bench.CallAsync(1);
        Assert.Equal([1L], second.Request.Cancelled);
        Assert.False(other.IsCompleted);
    });

    private static void Run(Func<Bench, Task> test) => SingleThread.Run(() => test(new Bench()));

    private sealed class Bench
    {
        private readonly Channel<(BrokerFetchRequest, TaskCompletionSource<BrokerFetchResult>)> _made =
            Channel.CreateUnbounded<(BrokerFetchRequest, TaskCompletionSource<BrokerFetchResult>)>();

        private readonly BrokerFetches _fetches;

        public Bench()
        {
            Cluster.OnBrokerFetch = request =>
            {
                var call = (request, new TaskCompletionSource<BrokerFetchResult>());
                Assert.True(_made.Writer.TryWrite(call));
                return call.Item2.Task;
            };
            _fetches = new BrokerFetches(Cluster.Factory, Time, new BackgroundWork(SynchronizationContext.Current));
        }

        public ManualTime Time { get; } = new();

        public FakeCluster Cluster { get; } = new();

        public List<(BrokerFetchRequest Request, TaskCompletionSource<BrokerFetchResult> Answer)> Calls { get; } = [];

        public Task<FetchResult> FetchAsync(string partition, CancellationToken cancellation = default) =>
            _fetches.FetchAsync(1, partition, new FetchRequest(Offset.Zero, 1_000, 1, TimeSpan.FromSeconds(10)), cancellation);

        /// <summary>A call, once it has been made.</summary>
        public async Task<(BrokerFetchRequest Request, TaskCompletionSource<BrokerFetchResult> Answer)> CallAsync(int number)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (Calls.Count <= number)
            {
                Calls.Add(await _made.Reader.ReadAsync(patience.Token));
            }

            return Calls[number];
        }

        public BrokerFetchResult Answers(PartitionFetch fetch) => new(
            ErrorCode.None,
            [
                new PartitionFetched(fetch.Id, new FetchResult(
                    ErrorCode.None, [], new Offset(7),
                    new PartitionOffsets(ErrorCode.None, Offset.Zero, Offset.Zero, Offset.Zero, Offset.Zero, LeaderEpoch.None), null)),
            ]);
    }
}
