using Loire.Coordination.Producers;
using Loire.Grains.Brokers;
using Loire.Grains.Hosting;
using Loire.Grains.Transactions;
using Loire.Log;
using Loire.Log.Audits;
using Loire.Model;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Storage;

namespace Loire.Grains.Tests.Transactions;

public sealed class ProducerIdsTests
{
    private readonly LossyGrainStorage _storage = new();

    private StorageClusterRoot Root => new(_storage);

    [Fact]
    public void Ids_of_several_silos_are_given_once() => VirtualTime.Run(async time =>
    {
        var silos = new[] { New(time), New(time), New(time) };
        var ids = new HashSet<long>();
        for (var i = 0; i < 3_500; i++)
        {
            var (error, id) = await silos[i % 3].NextAsync();
            Assert.Equal(ErrorCode.None, error);
            Assert.True(ids.Add(id));
        }

        // Blocks are taken in turn, from 0 on.
        Assert.Equal((1_000, 6_165), (ids.Min(), ids.Max()));
    });

    [Fact]
    public void Silos_that_take_a_block_at_the_same_time_get_different_ones() => VirtualTime.Run(async time =>
    {
        _storage.Faults = async _ =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), time).ConfigureAwait(false);
            return StorageFault.None;
        };
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => New(time).NextAsync().AsTask()));
        Assert.All(answers, answer => Assert.Equal(ErrorCode.None, answer.Error));
        Assert.Equal([1_000, 2_000, 3_000, 4_000, 5_000], answers.Select(answer => answer.Id).Order());
    });

    [Fact]
    public void Concurrent_callers_share_the_fetch_of_a_block_and_more_than_a_block_has_wait_for_the_next() => VirtualTime.Run(async time =>
    {
        var writes = 0;
        _storage.Faults = async call =>
        {
            writes += call.Operation == StorageOperation.Write ? 1 : 0;
            await Task.Delay(TimeSpan.FromMilliseconds(10), time).ConfigureAwait(false);
            return StorageFault.None;
        };
        var ids = New(time);
        var answers = await Task.WhenAll(Enumerable.Range(0, 2_500).Select(_ => ids.NextAsync().AsTask()));
        Assert.Equal(Enumerable.Range(1_000, 2_500).Select(id => (long)id), answers.Select(answer => answer.Id).Order());
        Assert.Equal(3, writes);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_block_whose_fetch_has_an_unknown_outcome_is_never_given(bool isStored) => VirtualTime.Run(async time =>
    {
        var writes = 0;
        _storage.Faults = call => Task.FromResult(
            call.Operation != StorageOperation.Write || writes++ > 0 ? StorageFault.None
            : isStored ? StorageFault.LoseAnswer(new TimeoutException()) : StorageFault.Refuse(new TimeoutException()));
        Assert.Equal((ErrorCode.None, isStored ? 2_000 : 1_000), await New(time).NextAsync());
    });

    [Fact]
    public void A_store_that_gives_no_block_is_asked_a_few_times_and_again_by_the_next_caller() => VirtualTime.Run(async time =>
    {
        var ids = New(time);
        _storage.Faults = _ => Task.FromResult(StorageFault.Refuse(new TimeoutException()));
        Assert.Equal((ErrorCode.CoordinatorNotAvailable, -1), await ids.NextAsync());
        Assert.InRange(_storage.Calls, 5, 20);
        _storage.Faults = null;
        Assert.Equal((ErrorCode.None, 1_000), await ids.NextAsync());
    });

    [Fact]
    public void A_counter_that_the_store_itself_knows_to_be_damaged_is_replaced() => VirtualTime.Run(async time =>
    {
        await New(time).NextAsync();
        var store = new CheckingStorage(_storage) { Damaged = _storage.Find(Assert.Single(_storage.Keys)) };
        var ids = new ProducerIds(new StorageClusterRoot(store), time, NullLogger<ProducerIds>.Instance);
        Assert.Equal((ErrorCode.None, ProducerIdBlocks.After(Timestamp.From(time.GetUtcNow()))), await ids.NextAsync());
        Assert.Equal(ErrorCode.None, (await New(time).NextAsync()).Error);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_damaged_counter_goes_on_above_all_ids_that_were_given(bool isWhole) => VirtualTime.Run(async time =>
    {
        await time.Delay(TimeSpan.FromDays(1), default);
        var given = (await New(time).NextAsync()).Id;
        for (var damages = 0; damages < 2; damages++)
        {
            await DamageAsync(isWhole);
            var answers = await Task.WhenAll(New(time).NextAsync().AsTask(), New(time).NextAsync().AsTask());
            Assert.All(answers, answer => Assert.Equal(ErrorCode.None, answer.Error));
            Assert.NotEqual(answers[0].Id, answers[1].Id);
            Assert.All(answers, answer => Assert.True(answer.Id > given + ProducerIdBlocks.Size));
            given = answers.Max(answer => answer.Id);
            Assert.Equal(given + ProducerIdBlocks.Size, (await New(time).NextAsync()).Id);
            await time.Delay(TimeSpan.FromSeconds(1), default);
        }
    });

    [Fact]
    public void A_counter_of_a_later_version_is_left_as_it_is() => VirtualTime.Run(async time =>
    {
        byte[] later = [2, 0, 0, 0];
        Assert.True(await Root.CompareAndSwapAsync(ProducerIds.Key, null, later));
        Assert.Equal((ErrorCode.UnsupportedVersion, -1), await New(time).NextAsync());
        Assert.Equal(later, (await Root.ReadAsync(ProducerIds.Key)).Value!.Value.ToArray());
    });

    [Fact]
    public void A_repair_restores_one_flipped_bit_of_the_counter_and_leaves_what_is_beyond_that_to_the_cluster() => VirtualTime.Run(async time =>
    {
        await New(time).NextAsync();
        var key = Assert.Single(_storage.Keys);
        var sound = _storage.Find(key)!.ToArray();
        Assert.Empty((await RootRepair.InspectAsync(_storage)).Findings);
        var flipped = sound.ToArray();
        flipped[^1] ^= 1;
        _storage.Replace(key, flipped);
        var repair = await RootRepair.InspectAsync(_storage);
        Assert.Equal([new StoreFinding(RepairAction.Restore, "root/producer-ids", 0, 0)], repair.Findings);
        Assert.True(await repair.ApplyAsync());
        Assert.Equal(sound, _storage.Find(key));

        await DamageAsync(isWhole: false);
        repair = await RootRepair.InspectAsync(_storage);
        Assert.Equal([new StoreFinding(RepairAction.Renewed, "root/producer-ids", 0, 0)], repair.Findings);
        Assert.True(await repair.ApplyAsync());
        Assert.Equal(ErrorCode.None, (await New(time).NextAsync()).Error);
        Assert.Empty((await RootRepair.InspectAsync(_storage)).Findings);
    });

    /// <summary>Damages the counter: its bytes, or what they mean.</summary>
    private async Task DamageAsync(bool isWhole)
    {
        if (isWhole)
        {
            Assert.True(await Root.CompareAndSwapAsync(ProducerIds.Key, (await Root.ReadAsync(ProducerIds.Key)).Version, new byte[] { 1, 2, 3 }));
            return;
        }

        var key = Assert.Single(_storage.Keys);
        var bytes = _storage.Find(key)!;
        bytes.AsSpan(5).Fill(0xA5);
        _storage.Replace(key, bytes);
    }

    private ProducerIds New(TimeProvider time) => new(Root, time, NullLogger<ProducerIds>.Instance);

    /// <summary>A store with checksums: a read of the bytes that are damaged fails, but tells the version.</summary>
    private sealed class CheckingStorage(LossyGrainStorage storage) : IGrainStorage
    {
        public byte[]? Damaged { get; init; }

        public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            await storage.ReadStateAsync(stateName, grainId, grainState);
            if (Damaged is not null && Damaged.AsSpan().SequenceEqual(storage.Find(storage.Keys[0])))
            {
                throw new StorageDamagedException("The checksum is wrong.");
            }
        }

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            storage.WriteStateAsync(stateName, grainId, grainState);

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            storage.ClearStateAsync(stateName, grainId, grainState);
    }
}
