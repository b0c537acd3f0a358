using System.Collections.Immutable;
using Loire.Coordination.Brokers;
using Loire.Model;

namespace Loire.Coordination.Tests.Brokers;

public sealed class BrokerRulesTests
{
    private static readonly Func<string, bool> NobodyLives = _ => false;

    [Fact]
    public void Each_start_of_a_broker_has_the_next_epoch()
    {
        var first = Register(null, Newcomer(3, "s1"), NobodyLives);
        Assert.Equal((1, BrokerPhase.Starting), (first.Broker!.Epoch, first.Broker.Phase));
        var second = Register(first.Registry, Newcomer(3, "s2"), NobodyLives);
        Assert.Equal((2, "s2"), (second.Broker!.Epoch, second.Broker.Silo));
        Assert.Equal(second.Broker, Assert.Single(second.Registry!.Brokers.Values));
    }

    [Fact]
    public void A_start_that_is_registered_already_keeps_its_epoch_so_that_an_unknown_outcome_can_be_tried_again()
    {
        var first = Register(null, Newcomer(3, "s1"), NobodyLives);
        var again = Register(first.Registry, Newcomer(3, "s1"), _ => true);
        Assert.Equal((RegistrationRefusal.None, first.Broker), (again.Refusal, again.Broker));
        Assert.Same(first.Registry, again.Registry);
    }

    [Fact]
    public void A_second_broker_of_an_id_that_lives_is_refused_and_learns_who_has_it()
    {
        var first = Register(null, Newcomer(3, "s1"), NobodyLives);
        var running = BrokerRules.Advance(first.Registry!, 3, 1, BrokerPhase.Running, "http://10.0.0.1:8080/");
        var second = Register(running, Newcomer(3, "s2"), silo => silo == "s1");
        Assert.Equal(RegistrationRefusal.IdInUse, second.Refusal);
        Assert.Equal("the broker 3 is running at http://10.0.0.1:8080/ since 2026-01-01T00:00:00Z.", second.Detail);
        Assert.Null(second.Registry);
    }

    [Fact]
    public void A_broker_that_has_stopped_is_replaced_even_while_its_silo_still_counts_as_alive()
    {
        var first = Register(null, Newcomer(3, "s1"), NobodyLives);
        var stopped = BrokerRules.Advance(first.Registry!, 3, 1, BrokerPhase.Stopped, null);
        Assert.Equal(2, Register(stopped, Newcomer(3, "s2"), _ => true).Broker!.Epoch);
    }

    [Fact]
    public void A_store_of_another_cluster_or_of_another_lone_broker_is_refused()
    {
        var first = Register(null, Newcomer(3, "s1"), NobodyLives).Registry;
        Assert.Equal(
            (RegistrationRefusal.OtherCluster, "the store belongs to the cluster c, not to d."),
            BrokerRules.Register(first, "d", Newcomer(3, "s2"), false, NobodyLives) is var other ? (other.Refusal, other.Detail) : default);
        Assert.Equal(
            (RegistrationRefusal.OtherBroker, "the store belongs to the broker 3, not to 4 alone."),
            BrokerRules.Register(first, "c", Newcomer(4, "s2"), true, NobodyLives) is var alone ? (alone.Refusal, alone.Detail) : default);
        Assert.Equal(2, BrokerRules.Register(first, "c", Newcomer(4, "s2"), false, NobodyLives).Registry!.Brokers.Count);
    }

    [Fact]
    public void A_cluster_has_a_bound_on_its_brokers_that_known_ones_do_not_meet()
    {
        var full = Enumerable.Range(0, Limits.Brokers).Aggregate(
            BrokerRegistry.Of("c"), (registry, id) => registry.With(Newcomer(id, $"s{id}")));
        Assert.Equal(RegistrationRefusal.TooMany, Register(full, Newcomer(Limits.Brokers, "new"), NobodyLives).Refusal);
        Assert.Equal(RegistrationRefusal.None, Register(full, Newcomer(0, "new"), NobodyLives).Refusal);
    }

    [Fact]
    public void A_start_whose_place_another_has_taken_changes_nothing_any_more()
    {
        var first = Register(null, Newcomer(3, "s1"), NobodyLives).Registry!;
        var second = Register(first, Newcomer(3, "s2"), NobodyLives).Registry!;
        Assert.Null(BrokerRules.Advance(second, 3, 1, BrokerPhase.Stopped, null));
        Assert.Null(BrokerRules.Advance(second, 4, 1, BrokerPhase.Stopped, null));
        var running = BrokerRules.Advance(second, 3, 2, BrokerPhase.Running, "http://a/")!;
        Assert.Equal("http://a/", BrokerRules.Advance(running, 3, 2, BrokerPhase.Stopped, null)!.Brokers[3].Http);
    }

    [Fact]
    public void A_broker_that_lives_is_not_removed_and_one_that_ended_is_and_does_not_come_back_by_what_its_earlier_process_says()
    {
        var first = Register(null, Newcomer(3, "s1"), NobodyLives).Registry!;
        Assert.Equal(new Removal(ErrorCode.PolicyViolation, null), BrokerRules.Remove(first, 3, silo => silo == "s1"));
        Assert.Equal(new Removal(ErrorCode.BrokerIdNotRegistered, null), BrokerRules.Remove(first, 4, NobodyLives));
        Assert.Equal(new Removal(ErrorCode.BrokerIdNotRegistered, null), BrokerRules.Remove(null, 3, NobodyLives));

        var removed = BrokerRules.Remove(first, 3, NobodyLives).Registry!;
        Assert.Equal(BrokerPhase.Removed, removed.Brokers[3].Phase);
        Assert.Null(BrokerRules.Advance(removed, 3, 1, BrokerPhase.Stopped, null));
        Assert.Equal(ErrorCode.None, BrokerRules.Remove(removed, 3, _ => true).Error);
        Assert.True(BrokerRegistryCodec.TryRead(BrokerRegistryCodec.Write(removed).Span, out var read) && read.Brokers[3] == removed.Brokers[3]);
    }

    [Fact]
    public void A_removed_broker_that_starts_again_has_the_next_epoch_and_makes_room_if_it_does_not()
    {
        var removed = BrokerRules.Remove(Register(null, Newcomer(3, "s1"), NobodyLives).Registry, 3, NobodyLives).Registry!;
        Assert.Equal((2, BrokerPhase.Starting), Register(removed, Newcomer(3, "s2"), _ => true).Broker is { } again ? (again.Epoch, again.Phase) : default);
        Assert.Equal(RegistrationRefusal.None, BrokerRules.Register(removed, "c", Newcomer(4, "s2"), true, NobodyLives).Refusal);

        var full = Enumerable.Range(10, Limits.Brokers - 1).Aggregate(removed, (registry, id) => registry.With(Newcomer(id, $"s{id}")));
        var replaced = Register(full, Newcomer(5, "new"), NobodyLives).Registry!;
        Assert.Equal((Limits.Brokers, false, true), (replaced.Brokers.Count, replaced.Brokers.ContainsKey(3), replaced.Brokers.ContainsKey(5)));
        Assert.Equal(RegistrationRefusal.TooMany, Register(replaced, Newcomer(6, "new"), NobodyLives).Refusal);
    }

    [Fact]
    public void A_registry_survives_its_encoding_a_cut_one_is_refused_and_a_flipped_bit_throws_nothing()
    {
        var registry = new BrokerRegistry("c", ImmutableSortedDictionary<int, BrokerRecord>.Empty)
            .With(new BrokerRecord(0, 7, BrokerPhase.Running, "r1", "http://127.0.0.1:8080/", "127.0.0.1:1@2", "1.2.3", new Timestamp(1)))
            .With(new BrokerRecord(int.MaxValue, 1, BrokerPhase.Stopped, null, null, "s", "", new Timestamp(2)));
        var bytes = BrokerRegistryCodec.Write(registry);
        Assert.True(BrokerRegistryCodec.TryRead(bytes.Span, out var read));
        Assert.Equal(registry.ClusterId, read.ClusterId);
        Assert.Equal(registry.Brokers.Values, read.Brokers.Values);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(BrokerRegistryCodec.TryRead(bytes.Span[..length], out _), $"cut at {length}");
        }

        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var flipped = bytes.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            _ = BrokerRegistryCodec.TryRead(flipped, out _);
        }
    }

    [Fact]
    public void The_layout_of_the_registry_is_fixed()
    {
        var registry = BrokerRegistry.Of("c").With(new BrokerRecord(2, 3, BrokerPhase.Running, "r", null, "s", "v", new Timestamp(5)));
        Assert.Equal(
            "01" + "000163" + "00000001" + "00000002" + "0000000000000003" + "01" + "000172" + "FFFF" + "000173" + "000176" + "0000000000000005",
            Convert.ToHexString(BrokerRegistryCodec.Write(registry).Span));
    }

    private static BrokerRecord Newcomer(int id, string silo) =>
        new(id, 1, BrokerPhase.Starting, null, null, silo, "1.0.0", new Timestamp(1_767_225_600_000));

    private static Registration Register(BrokerRegistry? registry, BrokerRecord newcomer, Func<string, bool> isAlive) =>
        BrokerRules.Register(registry, "c", newcomer, false, isAlive);
}
