using System.Collections.Concurrent;
using System.Globalization;
using Loire.Grains.Hosting;
using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Tests.Benches;
using Loire.Grains.Tests.Clusters;
using Loire.Model.Transactions;
using Loire.TestKit;
using Orleans.TestingHost;

namespace Loire.Grains.Tests.Transactions;

/// <summary>Coordinators on real silos of one process over one shared store; in front of partitions and groups stands one that confirms all markers.</summary>
public sealed class TransactionClusterTests : IAsyncLifetime
{
    // A call to a silo that was killed may end only by its timeout.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly ToldMarkers _told = new();
    private InProcessTestCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        _cluster = BrokerCluster.Build(3, new LossyGrainStorage(), also: silo =>
        {
            silo.Configure<LoireGrainsOptions>(options => options.Transactions.SweepInterval = TimeSpan.FromMilliseconds(200));
            silo.AddIncomingGrainCallFilter(_told);
        });
        await _cluster.DeployAsync();

        // Brokers that are not alone begin with a level that has no transactions.
        Assert.Equal(ErrorCode.None, (await Grains.GetGrain<IClusterGrain>(IClusterGrain.Key).Upgrade(null, false)).Error);
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task A_transaction_commits_its_partitions_and_groups_and_the_id_is_listed()
    {
        var grain = Grain("orders/1");
        var producer = (await grain.Init(new InitProducerRequest(TimeSpan.FromMinutes(1), ProducerIdentity.None))).Producer;
        var enlisted = await grain.Enlist(new EnlistRequest(producer, EnlistMode.AddByWrite, [TransactionBench.Partition(0), TransactionBench.Partition(1)], ["g"]));
        Assert.Equal((ErrorCode.None, 1), (enlisted.Error, enlisted.Transaction));
        var ended = await grain.End(new EndTransactionRequest(producer, true, TransactionVersion.V2));
        Assert.Equal((ErrorCode.None, producer with { Epoch = 1 }), (ended.Error, ended.Producer));

        // It waits for the partitions and groups.
        Assert.Equal(2, (await grain.Enlist(new EnlistRequest(ended.Producer, EnlistMode.AddByWrite, [TransactionBench.Partition(0)], []))).Transaction);
        Assert.Equal(3, _told.Of("orders/1").Count(marker => marker == new TransactionMarker("orders/1", ended.Producer, true, true, 1)));
        Assert.Equal(TransactionStatus.Ongoing, (await grain.Describe()).Transaction!.Status);
        Assert.Equal(ErrorCode.None, await grain.Abort());
        Assert.Equal(["orders/1"], await ListAsync());
        Assert.Equal(ErrorCode.TransactionalIdNotFound, (await Grain("nobody").Describe()).Error);
        Assert.Equal(ErrorCode.InvalidRequest, (await Grain("a\nb").Init(new InitProducerRequest(TimeSpan.FromMinutes(1), ProducerIdentity.None))).Error);
    }

    [Fact]
    public async Task What_is_open_on_a_silo_that_dies_is_aborted_when_its_time_is_over()
    {
        var ids = Enumerable.Range(0, 24).Select(i => $"id{i.ToString(CultureInfo.InvariantCulture)}").ToArray();
        await Task.WhenAll(ids.Select(async id =>
        {
            var producer = (await Grain(id).Init(new InitProducerRequest(TimeSpan.FromSeconds(2), ProducerIdentity.None))).Producer;
            Assert.Equal(ErrorCode.None, (await Grain(id).Enlist(new EnlistRequest(producer, EnlistMode.Add, [TransactionBench.Partition(0)], []))).Error);
        }));
        await _cluster.KillSiloAsync(_cluster.Silos[1]);
        await Task.WhenAll(ids.Select(async id =>
        {
            while (_told.Of(id).Length == 0)
            {
                await Task.Delay(20);
            }
        })).WaitAsync(Patience);
        Assert.All(ids, id => Assert.Equal((false, true, 1), (_told.Of(id)[0].Commits, _told.Of(id)[0].RaisesEpoch, _told.Of(id)[0].Number)));
    }

    private IGrainFactory Grains => _cluster.Client;

    private ITransactionGrain Grain(string id) => Grains.GetGrain<ITransactionGrain>(id);

    private async Task<string[]> ListAsync()
    {
        var pages = await Task.WhenAll(Enumerable.Range(0, ITransactionCatalogGrain.Shards).Select(
            shard => Grains.GetGrain<ITransactionCatalogGrain>(shard.ToString(CultureInfo.InvariantCulture)).List("", 10).AsTask()));
        return [.. pages.SelectMany(page => page.Ids).Select(id => id.Value)];
    }

    /// <summary>Confirms markers in place of the partitions and groups.</summary>
    private sealed class ToldMarkers : IIncomingGrainCallFilter
    {
        private readonly ConcurrentQueue<TransactionMarker> _markers = new();

        public TransactionMarker[] Of(string id) => [.. _markers.Where(marker => marker.Id == id)];

        public Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.MethodName != "EndTransaction")
            {
                return context.Invoke();
            }

            _markers.Enqueue((TransactionMarker)context.Request.GetArgument(0)!);
            context.Result = ErrorCode.None;
            return Task.CompletedTask;
        }
    }
}
