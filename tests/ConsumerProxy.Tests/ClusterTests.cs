using System.Globalization;
using System.Text;
using Loire.Client;
using Loire.Grains.Interfaces.Consumers;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Tests.Clusters;
using Loire.Model;
using Loire.Model.Groups;
using Loire.TestKit;
using Loire.TestKit.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.TestingHost;


namespace Loire.ConsumerProxy.Tests;

/// <summary>Consumers on real silos of one process over one shared store, called as the edges call them.</summary>
public sealed class ClusterTests : IAsyncLifetime
{
    // A call to a silo that was killed may end only by its timeout, half a minute later.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly ConsumerSettings Settings = new(
        "app", "here", null, OffsetSpec.Earliest, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(5),
        ["cooperative-sticky"], 1, "{\"format\":\"json\"}");

    private TestCluster _cluster = null!;
    private LoireClient _client = null!;

    public async Task InitializeAsync()
    {
        _cluster = await SharedStore.DeployAsync(
            3, new LossyGrainStorage(), build: builder => builder.AddSiloBuilderConfigurator<WithConsumers>());
        _client = new LoireClient(_cluster.GrainFactory);
        await _client.Admin.CreateTopicAsync(new NewTopic("t", 4));
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task A_consumer_is_given_each_record_once_and_commits_what_it_was_done_with()
    {
        await ProduceAsync(40);
        var consumer = await JoinAsync("g", "one");
        var records = await ReadAsync(consumer, 40);
        Assert.Equal(Enumerable.Range(0, 40), records.Select(Number).Order());
        Assert.All(records, record => Assert.Equal(("k", "trace"), (Encoding.UTF8.GetString(record.Key!), record.Headers[0].Key)));
        Assert.Equal(ErrorCode.DuplicateResource, (await consumer.Create(Settings)).Error);
        var description = (await consumer.Describe()).Consumer!;
        Assert.Equal(("t", 4, Settings.Dialect), (description.Topics[0].Value, description.Assignment.Length, description.Settings.Dialect));

        // It asks again, so it is done with what it had.
        Assert.Empty((await Take(consumer, wait: 0)).Decode());
        await UntilAsync(async () => (await Offsets("g")).Sum(one => one.Offset.Value) == 40);
        Assert.Equal(ErrorCode.None, await consumer.Close());
        Assert.Empty((await Group("g").Describe()).Group!.Members);
        Assert.Equal(ErrorCode.UnknownMemberId, (await Take(consumer, wait: 0)).Error);
        Assert.Equal(ErrorCode.UnknownMemberId, await consumer.Close());
    }

    [Fact]
    public async Task An_answer_that_is_lost_on_the_way_comes_again_and_is_not_committed()
    {
        await ProduceAsync(40);
        var consumer = await JoinAsync("g", "one");
        var first = await TakeSome(consumer, new TakeRequest(PreviousDelivery.Finished, null, 5, 1 << 20, TimeSpan.FromSeconds(10)));
        var lost = await TakeSome(consumer, After(first));
        var again = await TakeSome(consumer, After(first));
        Assert.Equal(5, first.Decode().Length);
        await UntilAsync(async () => (await Offsets("g")).Sum(one => one.Offset.Value) == 5);
        var seen = first.Decode().Concat(again.Decode()).ToList();
        var last = again;
        while (seen.Count < 40)
        {
            last = await TakeSome(consumer, After(last));
            seen.AddRange(last.Decode());
        }

        Assert.Equal(Enumerable.Range(0, 40), seen.Select(Number).Order());
        Assert.All(lost.Decode(), one => Assert.Single(seen, record => Number(record) == Number(one)));

        static TakeRequest After(TakeResult delivery) =>
            new(PreviousDelivery.FinishedUpToReceipt, delivery.Receipt, 5, 1 << 20, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task What_a_stream_was_given_is_finished_by_a_commit_alone()
    {
        await ProduceAsync(40);
        var consumer = await JoinAsync("g", "one");
        var records = await ReadAsync(consumer, 40, PreviousDelivery.Pending);
        Assert.Empty((await Take(consumer, 0, PreviousDelivery.Pending)).Decode());
        Assert.Equal(0, (await Offsets("g")).Sum(one => one.Offset.Value));
        var some = records.Where(record => record.Partition.Partition == 1).ToArray();
        var commit = new CommittedOffset(some[0].Partition, some[^1].Offset + 1, LeaderEpoch.None, "mine", Timestamp.None);
        Assert.Equal(ErrorCode.None, (await consumer.Commit([commit])).Error);
        Assert.Equal("mine", (await Offsets("g")).Single(one => one.Partition.Partition == 1).Metadata);
        Assert.Equal(ErrorCode.None, (await consumer.Commit(null)).Error);
        Assert.Equal(40, (await Offsets("g")).Sum(one => one.Offset.Value));
    }

    [Fact]
    public async Task Two_consumers_share_a_topic_and_the_one_that_stays_goes_on_with_all_of_it()
    {
        var one = await JoinAsync("g", "one");
        var two = await JoinAsync("g", "two");
        await UntilAsync(async () =>
        {
            await Take(one, 0);
            await Take(two, 0);
            return await AssignedAsync(one) == 2 && await AssignedAsync(two) == 2;
        });
        await ProduceAsync(40);
        var seen = new List<int>();
        while (seen.Count < 40)
        {
            seen.AddRange((await Take(one, 100)).Decode().Select(Number));
            seen.AddRange((await Take(two, 100)).Decode().Select(Number));
        }

        Assert.Equal(Enumerable.Range(0, 40), seen.Order());
        await Take(one, 0);
        await Take(two, 0);
        await two.Close();
        await ProduceAsync(40);
        Assert.Equal(Enumerable.Range(0, 40), (await ReadAsync(one, 40)).Select(Number).Order());
    }

    [Fact]
    public async Task A_partition_whose_records_are_not_finished_waits_for_them_before_it_goes_to_another()
    {
        // With range, everyone gives up everything before anyone gets anything.
        var settings = Settings with { Assignors = ["range"] };
        await ProduceAsync(40);
        var one = await JoinAsync("g", "one", settings);
        var seen = (await Take(one, 10_000)).Decode().Select(Number).ToList();
        Assert.NotEmpty(seen);
        var two = await JoinAsync("g", "two", settings);
        await UntilAsync(async () => (await Group("g").Describe()).Group!.Phase == GroupPhase.Reconciling);
        Assert.Empty((await Take(two, 500)).Decode());
        while (seen.Count < 40 || await AssignedAsync(two) < 2)
        {
            seen.AddRange((await Take(one, 50)).Decode().Select(Number));
            seen.AddRange((await Take(two, 50)).Decode().Select(Number));
        }

        // What the first was done with did not come to the second.
        Assert.Equal(Enumerable.Range(0, 40), seen.Order());
    }

    [Fact]
    public async Task Silos_die_and_their_consumers_come_back_under_the_same_id_and_skip_nothing()
    {
        const int Groups = 6;
        await ProduceAsync(40);
        var consumers = await Task.WhenAll(Enumerable.Range(0, Groups).Select(i => JoinAsync($"g{i}", $"one-{i}")));
        var seen = Enumerable.Range(0, Groups).Select(_ => new HashSet<string>()).ToArray();
        await Task.WhenAll(consumers.Select(async (consumer, i) =>
        {
            seen[i].UnionWith((await ReadAsync(consumer, 40)).Select(Place));
        }));
        await ProduceAsync(40);
        await _cluster.KillSiloAsync(_cluster.SecondarySilos[1]);
        await _cluster.KillSiloAsync(_cluster.SecondarySilos[0]);
        await Task.WhenAll(consumers.Select(async (consumer, i) =>
        {
            while (seen[i].Count < 80)
            {
                try
                {
                    seen[i].UnionWith((await Take(consumer, 500)).Decode().Select(Place));
                }
                catch (Exception gone) when (gone is OrleansException or TimeoutException)
                {
                    // Its silo died.
                }
            }

            Assert.Equal(Settings, (await consumer.Describe()).Consumer!.Settings with { Assignors = Settings.Assignors });
            Assert.Equal($"one-{i}", Assert.Single((await Group($"g{i}").Describe()).Group!.Members).MemberId);
        })).WaitAsync(Patience);

        static string Place(ConsumedRecord record) => string.Create(CultureInfo.InvariantCulture, $"{record.Partition}@{record.Offset.Value}");
    }

    [Fact]
    public async Task A_consumer_that_unsubscribes_and_subscribes_again_reads_on_and_waits_when_there_is_nothing()
    {
        await ProduceAsync(40);
        var consumer = await JoinAsync("g", "one");
        var first = await TakeSome(consumer, new TakeRequest(PreviousDelivery.Finished, null, 5, 1 << 20, TimeSpan.FromSeconds(10)));
        Assert.Equal(ErrorCode.None, (await consumer.Unsubscribe()).Error);
        Assert.Equal(ErrorCode.None, (await consumer.Subscribe([TopicName.Parse("t")], null)).Error);
        Assert.Equal(Enumerable.Range(0, 40), (await ReadAsync(consumer, 40)).Select(Number).Order());
        Assert.NotEmpty(first.Decode());

        // There is nothing more, which takes as long to say as the request allows.
        var began = TimeProvider.System.GetTimestamp();
        Assert.Empty((await Take(consumer, 500)).Decode());
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.FromMilliseconds(400), Patience);
    }

    [Fact]
    public async Task A_silo_that_stops_commits_what_is_finished_and_its_consumers_go_on_elsewhere()
    {
        const int Groups = 6;
        await ProduceAsync(40);
        var consumers = await Task.WhenAll(Enumerable.Range(0, Groups).Select(i => JoinAsync($"g{i}", "one")));
        foreach (var consumer in consumers)
        {
            await ReadAsync(consumer, 40);
            await Take(consumer, 0);
        }

        await _cluster.StopSiloAsync(_cluster.SecondarySilos[1]);
        await _cluster.StopSiloAsync(_cluster.SecondarySilos[0]);
        await ProduceAsync(20, from: 40);
        foreach (var consumer in consumers)
        {
            Assert.Equal(Enumerable.Range(40, 20), (await ReadAsync(consumer, 20)).Select(Number).Order());
        }
    }

    [Fact]
    public async Task A_question_that_comes_while_the_consumer_ends_does_not_bring_it_back()
    {
        await ProduceAsync(40);
        for (var i = 0; i < 20; i++)
        {
            var consumer = await JoinAsync($"g{i}", "one");
            await ReadAsync(consumer, 40);
            await Take(consumer, 0);
            var late = new List<Task<TakeResult>>();
            var close = consumer.Close().AsTask();
            while (!close.IsCompleted)
            {
                late.Add(Take(consumer, 0));
                await Task.WhenAny(late[^1], close);
            }

            Assert.Equal(ErrorCode.None, await close);
            await Task.WhenAll(late);
            Assert.Equal(40, (await Offsets($"g{i}")).Sum(one => one.Offset.Value));
            Assert.Empty((await Group($"g{i}").Describe()).Group!.Members);
        }
    }

    [Fact]
    public async Task A_consumer_that_nobody_asks_ends_and_a_newer_question_ends_the_older()
    {
        var consumer = await JoinAsync("g", "one", Settings with { MaxPollInterval = TimeSpan.FromSeconds(2) });
        var older = Take(consumer, 30_000);
        await UntilAsync(async () => await AssignedAsync(consumer) == 4);
        var newer = Take(consumer, 100);
        Assert.Equal(ErrorCode.RequestTimedOut, (await older).Error);
        Assert.Equal(ErrorCode.None, (await newer).Error);
        await UntilAsync(async () => (await Group("g").Describe()).Group!.Members.Length == 0);
        Assert.Equal(ErrorCode.UnknownMemberId, (await consumer.Describe()).Error);
    }

    [Fact]
    public async Task Of_two_activations_of_a_consumer_the_one_that_joined_last_reads_on_and_the_other_stops()
    {
        await ProduceAsync(40);
        var one = await JoinAsync("g", "one");
        var seen = (await TakeSome(one, new TakeRequest(PreviousDelivery.Finished, null, 5, 1 << 20, TimeSpan.FromSeconds(10)))).Decode().ToList();
        await UntilAsync(async () => await AssignedAsync(one) == 4);
        Assert.Empty((await one.Commit(null)).Refused);

        // What a split of the cluster makes: the consumer is restored elsewhere while its activation lives on.
        var key = new ConsumerKey("g", "one");
        using var meters = new Meters();
        var factory = new ConsumerFactory(_cluster.GrainFactory, () => "other", TimeProvider.System, NullLoggerFactory.Instance, meters);
        var other = factory.Create(key, Settings);
        await other.SubscribeAsync([TopicName.Parse("t")], null);
        while (seen.Count < 40)
        {
            var more = await other.TakeAsync(Request(1_000), CancellationToken.None);
            Assert.Equal(ErrorCode.None, more.Error);
            seen.AddRange(more.Decode());
        }

        Assert.Equal(Enumerable.Range(0, 40), seen.Select(Number).Order());

        // No further member joins, and the member stays in the group when the superseded activation ends.
        var epoch = (await Group("g").Describe()).Group!.Epoch;
        await UntilAsync(async () => (await other.TakeAsync(Request(3_000), CancellationToken.None)).Error == ErrorCode.None);
        Assert.Equal(epoch, (await Group("g").Describe()).Group!.Epoch);
        Assert.Equal("one", Assert.Single((await Group("g").Describe()).Group!.Members).MemberId);

        // A request to the activation that has lost is one to try again; then it takes over.
        await ProduceAsync(4, from: 40);
        TakeResult again;
        do
        {
            again = await Take(one, 1_000);
            Assert.True(again.Error is ErrorCode.None or ErrorCode.NotCoordinator, $"{again.Error}");
        }
        while (again.Slices.Length == 0);
        Assert.Equal(ErrorCode.NotCoordinator, (await other.TakeAsync(Request(30_000), CancellationToken.None)).Error);
        Assert.True(other.IsFenced);
        await other.CloseAsync(Loire.Client.GroupMembershipOperation.LeaveGroup, hasFinished: false);
        Assert.Single((await Group("g").Describe()).Group!.Members);

        static TakeRequest Request(int wait) => new(PreviousDelivery.Finished, null, 500, 1 << 20, TimeSpan.FromMilliseconds(wait));
    }

    [Fact]
    public async Task A_close_may_finish_what_was_delivered_and_the_end_of_a_consumer_that_nobody_asks_does_not()
    {
        await ProduceAsync(40);
        var closed = await JoinAsync("closed", "one");
        await ReadAsync(closed, 40, PreviousDelivery.Pending);
        Assert.Equal(ErrorCode.None, await closed.Close(hasFinished: true));
        Assert.Equal(40, (await Offsets("closed")).Sum(one => one.Offset.Value));

        var expired = await JoinAsync("expired", "one", Settings with { MaxPollInterval = TimeSpan.FromSeconds(1) });
        await ReadAsync(expired, 40, PreviousDelivery.Pending);
        await UntilAsync(async () => (await Group("expired").Describe()).Group!.Members.Length == 0);
        Assert.Equal(0, (await Offsets("expired")).Sum(one => one.Offset.Value));
    }

    [Fact]
    public async Task Partitions_assigned_by_hand_are_read_from_what_is_committed_and_a_seek_goes_elsewhere()
    {
        await ProduceAsync(40);
        var partition = new TopicPartition(TopicName.Parse("t"), 0);
        var total = (await _client.CreateConsumer<byte[], byte[]>().QueryWatermarksAsync(new("t", 0))).High;
        var consumer = Consumer("g", "one");
        Assert.Equal(ErrorCode.UnknownMemberId, (await consumer.Assign([partition])).Error);
        Assert.Equal(ErrorCode.None, (await consumer.Create(Settings)).Error);
        Assert.Equal(ErrorCode.InvalidRequest, (await Take(consumer, 0)).Error);
        Assert.Equal(ErrorCode.None, (await consumer.Commit([new CommittedOffset(partition, new Offset(total - 2), LeaderEpoch.None, "", Timestamp.None)])).Error);
        Assert.Equal(ErrorCode.None, (await consumer.Assign([partition])).Error);
        Assert.Equal(2, (await ReadAsync(consumer, 2)).Count);
        Assert.Equal(ErrorCode.InvalidRequest, (await consumer.Subscribe([TopicName.Parse("t")], null)).Error);
        var other = new PartitionSeek(new TopicPartition(TopicName.Parse("t"), 1), OffsetSpec.Earliest);
        Assert.Equal(ErrorCode.InvalidRequest, (await consumer.Seek([other])).Error);
        Assert.Equal(ErrorCode.None, (await consumer.Seek([new PartitionSeek(partition, OffsetSpec.Earliest)])).Error);
        Assert.Equal(total, (await ReadAsync(consumer, (int)total.Value)).Count);
        Assert.Equal(ErrorCode.None, (await consumer.Unsubscribe()).Error);
        Assert.Equal(ErrorCode.None, (await consumer.Subscribe([], "t.*")).Error);
        Assert.Equal(ErrorCode.InvalidRequest, (await consumer.Assign([partition])).Error);
        Assert.Equal(ErrorCode.InvalidRegularExpression, (await consumer.Subscribe([], "(")).Error);
        Assert.Equal(ErrorCode.InvalidRequest, (await consumer.Subscribe([], null)).Error);
    }

    [Fact]
    public async Task Settings_out_of_range_and_groups_that_refuse_are_told()
    {
        var consumer = Consumer("g", "one");
        Assert.Equal(ErrorCode.InvalidConfig, (await consumer.Create(Settings with { FetchMinBytes = 0 })).Error);
        Assert.Equal(ErrorCode.InvalidConfig, (await consumer.Create(Settings with { Dialect = new string('x', Limits.MemberUserDataLength) })).Error);
        Assert.Equal(ErrorCode.InvalidRequest, (await _cluster.GrainFactory.GetGrain<IConsumerGrain>("no key").Create(Settings)).Error);
        Assert.Equal(ErrorCode.None, (await consumer.Create(Settings with { Assignors = ["nobody's"] })).Error);
        Assert.Equal(ErrorCode.None, (await consumer.Subscribe([TopicName.Parse("t")], null)).Error);
        Assert.Equal(ErrorCode.UnsupportedAssignor, (await Take(consumer, 20_000)).Error);
    }

    private static int Number(ConsumedRecord record) => int.Parse(Encoding.UTF8.GetString(record.Value!), CultureInfo.InvariantCulture);

    private static async Task<List<ConsumedRecord>> ReadAsync(
        IConsumerGrain consumer, int count, PreviousDelivery earlier = PreviousDelivery.Finished)
    {
        var records = new List<ConsumedRecord>();
        while (records.Count < count)
        {
            var delivery = await Take(consumer, 10_000, earlier);
            Assert.Equal(ErrorCode.None, delivery.Error);
            records.AddRange(delivery.Decode());
        }

        return records;
    }

    private static async Task<TakeResult> TakeSome(IConsumerGrain consumer, TakeRequest request)
    {
        var delivery = await consumer.Take(request, default);
        Assert.Equal(ErrorCode.None, delivery.Error);
        Assert.NotEmpty(delivery.Decode());
        return delivery;
    }

    private static async Task<TakeResult> Take(IConsumerGrain consumer, int wait, PreviousDelivery earlier = PreviousDelivery.Finished) =>
        await consumer.Take(new TakeRequest(earlier, null, 500, 1 << 20, TimeSpan.FromMilliseconds(wait)), default);

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            await Task.Delay(10, limit.Token);
        }
    }

    private static async Task<int> AssignedAsync(IConsumerGrain consumer) => (await consumer.Describe()).Consumer!.Assignment.Length;

    private async Task ProduceAsync(int count, int from = 0)
    {
        await using var producer = _client.CreateProducer<string, string>(
            new ProducerOptions<string, string> { Partitioner = Partitioners.RoundRobin() });
        for (var i = from; i < from + count; i++)
        {
            var value = i.ToString(CultureInfo.InvariantCulture);
            var headers = new Headers().Add("trace", "1");
            await producer.EnqueueAsync("t", new Message<string, string> { Key = "k", Value = value, Headers = headers });
        }

        await producer.FlushAsync();
    }

    private async Task<IConsumerGrain> JoinAsync(string group, string id, ConsumerSettings? settings = null)
    {
        var consumer = Consumer(group, id);
        Assert.Equal(ErrorCode.None, (await consumer.Create(settings ?? Settings)).Error);
        Assert.Equal(ErrorCode.None, (await consumer.Subscribe([TopicName.Parse("t")], null)).Error);
        return consumer;
    }

    private async Task<CommittedOffset[]> Offsets(string group) => (await Group(group).Offsets(null)).Offsets;

    private IGroupGrain Group(string id) => _cluster.GrainFactory.GetGrain<IGroupGrain>(id);

    private IConsumerGrain Consumer(string group, string id) =>
        _cluster.GrainFactory.GetGrain<IConsumerGrain>(new ConsumerKey(group, id).ToString());

    public sealed class WithConsumers : ISiloConfigurator
    {
        public void Configure(ISiloBuilder siloBuilder) => siloBuilder.AddLoireConsumers();
    }
}
