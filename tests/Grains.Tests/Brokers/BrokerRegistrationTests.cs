using Loire.Coordination.Brokers;
using Loire.Grains.Brokers;
using Loire.Grains.Hosting;
using Loire.Log;
using Loire.Log.Audits;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Grains.Tests.Brokers;

public sealed class BrokerRegistrationTests
{
    private readonly LossyGrainStorage _storage = new();

    private StorageClusterRoot Root => new(_storage);

    [Fact]
    public void Of_many_that_start_at_once_under_one_id_one_is_registered_at_a_time_and_none_is_lost() => VirtualTime.Run(async time =>
    {
        var starts = Enumerable.Range(0, 8).Select(n => New(time, id: n / 2)).ToList();
        await Task.WhenAll(starts.Select((start, n) => start.RegisterAsync($"s{n}", Alive(), default)));
        var registry = await BrokerRegistration.ReadAsync(Root);
        Assert.Equal([2L, 2, 2, 2], registry!.Brokers.Values.Select(broker => broker.Epoch));
        Assert.Equal([1L, 1, 1, 1, 2, 2, 2, 2], starts.Select(start => start.Epoch).Order());
    });

    [Fact]
    public void An_answer_of_storage_that_is_lost_gives_no_second_epoch() => VirtualTime.Run(async time =>
    {
        var isFirst = true;
        _storage.Faults = call =>
        {
            var loses = isFirst && call.Operation == StorageOperation.Write;
            isFirst &= !loses;
            return Task.FromResult(loses ? StorageFault.LoseAnswer(new IOException("The answer is lost.")) : StorageFault.None);
        };
        var start = New(time, id: 1);
        await start.RegisterAsync("s", Alive(), default);
        Assert.Equal((1L, false), (start.Epoch, isFirst));
    });

    [Fact]
    public void A_start_waits_until_its_predecessor_that_was_killed_counts_as_dead() => VirtualTime.Run(async time =>
    {
        await New(time, id: 1).RegisterAsync("s1", Alive(), default);
        var asked = 0;
        var second = New(time, id: 1);
        await second.RegisterAsync("s2", () => new ValueTask<Func<string, bool>>(_ => ++asked < 5), default);
        Assert.Equal((2L, 5), (second.Epoch, asked));
    });

    [Fact]
    public void A_start_under_the_id_of_a_broker_that_goes_on_living_is_refused() => VirtualTime.Run(async time =>
    {
        var first = New(time, id: 1);
        await first.RegisterAsync("s1", Alive(), default);
        await first.AdvanceAsync(BrokerPhase.Running, "http://h:1/", "h:2,[::1]:3", default);
        var begun = time.GetTimestamp();
        var refusal = await Assert.ThrowsAsync<BrokerRefusedException>(() => New(time, id: 1).RegisterAsync("s2", Alive("s1"), default));
        Assert.StartsWith("As broker 1: the broker 1 is running at http://h:1/ since ", refusal.Message, StringComparison.Ordinal);
        Assert.InRange(time.GetElapsedTime(begun), TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(16));
    });

    [Fact]
    public void A_start_does_not_take_a_broker_for_dead_that_joined_after_its_last_look_at_the_members() => VirtualTime.Run(async time =>
    {
        HashSet<string> members = [];
        var isFirstRead = true;
        _storage.Faults = async call =>
        {
            if (call.Operation == StorageOperation.Read && isFirstRead)
            {
                isFirstRead = false;
                members.Add("s1");
                await New(time, id: 1).RegisterAsync("s1", Alive("s1"), default);
            }

            return StorageFault.None;
        };
        await Assert.ThrowsAsync<BrokerRefusedException>(() => New(time, id: 1).RegisterAsync(
            "s2", () => new ValueTask<Func<string, bool>>(new HashSet<string>(members).Contains), default));
        Assert.Equal("s1", Assert.Single((await BrokerRegistration.ReadAsync(Root))!.Brokers.Values).Silo);
    });

    [Fact]
    public void A_lone_broker_serves_without_a_registry_that_is_damaged_and_one_of_a_cluster_does_not() => VirtualTime.Run(async time =>
    {
        _storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Read ? StorageFault.Refuse(new StorageDamagedException("The bytes are damaged.")) : StorageFault.None);
        var alone = new BrokerRegistration(Root, new BrokerOptions { ClusterId = "c", Id = 1, IsAlone = true }, time);
        var begun = time.GetTimestamp();
        Assert.Contains("root/brokers", await alone.RegisterAsync("s1", Alive(), default), StringComparison.Ordinal);
        Assert.Equal((0L, TimeSpan.Zero), (alone.Epoch, time.GetElapsedTime(begun)));
        await alone.AdvanceAsync(BrokerPhase.Stopped, null, null, default);
        await Assert.ThrowsAsync<InvalidDataException>(() => New(time, id: 1).RegisterAsync("s2", Alive(), default));
        Assert.Empty(_storage.Keys);
    });

    [Fact]
    public void A_start_that_was_replaced_does_not_overwrite_its_successor() => VirtualTime.Run(async time =>
    {
        var first = New(time, id: 1);
        await first.RegisterAsync("s1", Alive(), default);
        await New(time, id: 1).RegisterAsync("s2", Alive(), default);
        await first.AdvanceAsync(BrokerPhase.Stopped, null, null, default);
        var broker = Assert.Single((await BrokerRegistration.ReadAsync(Root))!.Brokers.Values);
        Assert.Equal(("s2", BrokerPhase.Starting), (broker.Silo, broker.Phase));
    });

    [Fact]
    public void Damage_of_the_registry_is_named_and_nothing_is_written_over_it() => VirtualTime.Run(async time =>
    {
        await New(time, id: 1).RegisterAsync("s1", Alive(), default);
        var key = Assert.Single(_storage.Keys);
        var bytes = _storage.Find(key)!;
        bytes[^1] ^= 1;
        _storage.Replace(key, bytes);
        var damage = await Assert.ThrowsAsync<InvalidDataException>(() => New(time, id: 1).RegisterAsync("s2", Alive(), default));
        Assert.Contains("root/brokers", damage.Message, StringComparison.Ordinal);
        Assert.Equal(bytes, _storage.Find(key));
    });

    [Fact]
    public void A_broker_is_removed_while_another_registers_and_neither_change_is_lost() => VirtualTime.Run(async time =>
    {
        await New(time, id: 1).RegisterAsync("s1", Alive(), default);
        var isFirst = true;
        var error = await BrokerRegistration.RemoveAsync(
            Root,
            1,
            async () =>
            {
                if (isFirst)
                {
                    isFirst = false;
                    await New(time, id: 2).RegisterAsync("s2", Alive(), default);
                }

                return _ => false;
            },
            time);
        var registry = await BrokerRegistration.ReadAsync(Root);
        Assert.Equal(
            (ErrorCode.None, BrokerPhase.Removed, BrokerPhase.Starting), (error, registry!.Brokers[1].Phase, registry.Brokers[2].Phase));
    });

    [Fact]
    public void The_feature_level_is_raised_while_another_broker_registers_and_neither_change_is_lost() => VirtualTime.Run(async time =>
    {
        await New(time, id: 1, highest: 0).RegisterAsync("s1", Alive(), default);
        await New(time, id: 1).RegisterAsync("s2", Alive(), default);
        var isFirst = true;
        _storage.Faults = async call =>
        {
            if (isFirst && call.Operation == StorageOperation.Write)
            {
                isFirst = false;
                await New(time, id: 2).RegisterAsync("s3", Alive("s2"), default);
            }

            return StorageFault.None;
        };
        var upgrade = await BrokerRegistration.UpgradeAsync(Root, null, validateOnly: false, time);
        var registry = await BrokerRegistration.ReadAsync(Root);
        Assert.Equal((ErrorCode.None, 0, FeatureLevels.Highest), (upgrade.Error, upgrade.Before, upgrade.After));
        Assert.Equal((FeatureLevels.Highest, 2, false), (registry!.FeatureLevel, registry.Brokers.Count, isFirst));
        Assert.All(registry.Brokers.Values, broker => Assert.Equal(FeatureLevels.Supported, broker.Features));
    });

    [Fact]
    public void A_broker_that_registers_during_the_raise_with_a_version_that_does_not_support_it_prevents_it() => VirtualTime.Run(async time =>
    {
        await New(time, id: 1, highest: 0).RegisterAsync("s1", Alive(), default);
        await New(time, id: 1).RegisterAsync("s2", Alive(), default);
        var isFirst = true;
        _storage.Faults = async call =>
        {
            if (isFirst && call.Operation == StorageOperation.Write)
            {
                isFirst = false;
                await New(time, id: 2, highest: 0).RegisterAsync("s3", Alive("s2"), default);
            }

            return StorageFault.None;
        };
        Assert.Equal(ErrorCode.InvalidUpdateVersion, (await BrokerRegistration.UpgradeAsync(Root, 1, validateOnly: false, time)).Error);
        Assert.Equal(0, (await BrokerRegistration.ReadAsync(Root))!.FeatureLevel);
    });

    [Fact]
    public void A_raise_that_is_only_validated_writes_nothing() => VirtualTime.Run(async time =>
    {
        await New(time, id: 1, highest: 0).RegisterAsync("s1", Alive(), default);
        await New(time, id: 1).RegisterAsync("s2", Alive(), default);
        _storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Read ? StorageFault.None : StorageFault.Refuse(new IOException("No write is expected.")));
        Assert.Equal(FeatureLevels.Highest, (await BrokerRegistration.UpgradeAsync(Root, null, validateOnly: true, time)).After);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_start_refuses_a_store_of_a_level_or_layout_that_it_does_not_know_and_leaves_it_as_it_is(bool isAlone) => VirtualTime.Run(async time =>
    {
        var options = new BrokerOptions { ClusterId = "c", Id = 1, IsAlone = isAlone };
        Task<BrokerRefusedException> RefusedAsync() =>
            Assert.ThrowsAsync<BrokerRefusedException>(() => new BrokerRegistration(Root, options, time).RegisterAsync("s1", Alive(), default));
        var begun = time.GetTimestamp();
        var bytes = BrokerRegistryCodec.Write(BrokerRegistry.Of("c", 7)).ToArray();
        Assert.True(await Root.CompareAndSwapAsync(BrokerRegistration.Key, null, bytes));
        Assert.Equal("As broker 1: the store has feature level 7, and this version supports the levels 0 to 6.", (await RefusedAsync()).Message);

        bytes[0] = 9;
        Assert.True(await Root.CompareAndSwapAsync(BrokerRegistration.Key, (await Root.ReadAsync(BrokerRegistration.Key)).Version, bytes));
        Assert.Equal("A later version wrote the registry of brokers in the store.", (await RefusedAsync()).Message);
        Assert.Equal(bytes, (await Root.ReadAsync(BrokerRegistration.Key)).Value!.Value.ToArray());
        Assert.Equal(TimeSpan.Zero, time.GetElapsedTime(begun));
    });

    [Fact]
    public void One_flipped_bit_of_the_registry_is_restored() => VirtualTime.Run(async time =>
    {
        await New(time, id: 1).RegisterAsync("s1", Alive(), default);
        var key = Assert.Single(_storage.Keys);
        var sound = _storage.Find(key)!.ToArray();
        Assert.Empty((await RootRepair.InspectAsync(_storage)).Findings);
        for (var bit = 0; bit < sound.Length * 8; bit++)
        {
            var bytes = sound.ToArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            _storage.Replace(key, bytes);
            var repair = await RootRepair.InspectAsync(_storage);
            Assert.Equal(new StoreFinding(RepairAction.Restore, "root/brokers", 0, 0), Assert.Single(repair.Findings));
            Assert.True(await repair.ApplyAsync());
            Assert.Equal(sound, _storage.Find(key));
        }
    });

    [Fact]
    public void A_registry_beyond_repair_is_removed_and_brokers_register_again_unless_it_has_changed() => VirtualTime.Run(async time =>
    {
        await New(time, id: 1).RegisterAsync("s1", Alive(), default);
        var key = Assert.Single(_storage.Keys);
        var bytes = _storage.Find(key)!.ToArray();
        bytes.AsSpan(6).Fill(0xA5);
        _storage.Replace(key, bytes);
        var late = await RootRepair.InspectAsync(_storage);
        var repair = await RootRepair.InspectAsync(_storage);
        Assert.Equal(new StoreFinding(RepairAction.Remove, "root/brokers", 1, bytes.Length), Assert.Single(repair.Findings));
        Assert.True(await repair.ApplyAsync());
        await New(time, id: 1).RegisterAsync("s2", Alive(), default);
        Assert.False(await late.ApplyAsync());
        Assert.Equal("s2", Assert.Single((await BrokerRegistration.ReadAsync(Root))!.Brokers.Values).Silo);
    });

    private BrokerRegistration New(TimeProvider time, int id, int highest = FeatureLevels.Highest) => new(
        Root, new BrokerOptions { ClusterId = "c", Id = id, IsAlone = false, Version = "1.0.0", Features = new FeatureRange(0, highest) }, time);

    private static Func<ValueTask<Func<string, bool>>> Alive(params string[] silos) =>
        () => new ValueTask<Func<string, bool>>(silo => silos.Contains(silo));
}
