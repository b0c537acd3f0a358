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
        var running = BrokerRules.Advance(first.Registry!, 3, "s1", BrokerPhase.Running, "http://10.0.0.1:8080/");
        var second = Register(running, Newcomer(3, "s2"), silo => silo == "s1");
        Assert.Equal(RegistrationRefusal.IdInUse, second.Refusal);
        Assert.Equal("the broker 3 is running at http://10.0.0.1:8080/ since 2026-01-01T00:00:00Z.", second.Detail);
        Assert.Null(second.Registry);
    }

    [Fact]
    public void A_broker_that_has_stopped_is_replaced_even_while_its_silo_still_counts_as_alive()
    {
        var first = Register(null, Newcomer(3, "s1"), NobodyLives);
        var stopped = BrokerRules.Advance(first.Registry!, 3, "s1", BrokerPhase.Stopped, null);
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
            BrokerRegistry.Of("c", 1), (registry, id) => registry.With(Newcomer(id, $"s{id}")));
        Assert.Equal(RegistrationRefusal.TooMany, Register(full, Newcomer(Limits.Brokers, "new"), NobodyLives).Refusal);
        Assert.Equal(RegistrationRefusal.None, Register(full, Newcomer(0, "new"), NobodyLives).Refusal);
    }

    [Fact]
    public void A_start_whose_place_another_has_taken_changes_nothing_any_more()
    {
        var first = Register(null, Newcomer(3, "s1"), NobodyLives).Registry!;
        var second = Register(first, Newcomer(3, "s2"), NobodyLives).Registry!;
        Assert.Null(BrokerRules.Advance(second, 3, "s1", BrokerPhase.Stopped, null));
        Assert.Null(BrokerRules.Advance(second, 4, "s2", BrokerPhase.Stopped, null));
        var running = BrokerRules.Advance(second, 3, "s2", BrokerPhase.Running, "http://a/")!;
        Assert.Equal("http://a/", BrokerRules.Advance(running, 3, "s2", BrokerPhase.Stopped, null)!.Brokers[3].Http);
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
        Assert.Null(BrokerRules.Advance(removed, 3, "s1", BrokerPhase.Stopped, null));
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
    public void A_store_without_a_registry_begins_at_the_highest_level_of_its_first_broker_and_others_do_not_raise_it()
    {
        var first = Register(null, Newcomer(3, "s1", 0, 4), NobodyLives).Registry!;
        var second = Register(first, Newcomer(4, "s2", 2, 6), NobodyLives).Registry!;
        Assert.Equal((4, 4), (first.FeatureLevel, second.FeatureLevel));
        Assert.Equal(new FeatureRange(2, 6), second.Brokers[4].Features);
    }

    [Fact]
    public void A_broker_that_is_alone_raises_the_level_to_its_highest()
    {
        var stored = BrokerRegistry.Of("c", 0).With(Newcomer(3, "s1"));
        var alone = BrokerRules.Register(stored, "c", Newcomer(3, "s2", 0, 2), true, NobodyLives);
        Assert.Equal((2, 2L), (alone.Registry!.FeatureLevel, alone.Broker!.Epoch));
        Assert.Equal(0, Register(stored, Newcomer(3, "s2", 0, 2), NobodyLives).Registry!.FeatureLevel);
    }

    [Theory]
    [InlineData(1, 2, false)]
    [InlineData(4, 5, false)]
    [InlineData(4, 5, true)]
    public void A_broker_that_does_not_support_the_level_of_the_store_is_refused(int lowest, int highest, bool isAlone)
    {
        var refused = BrokerRules.Register(BrokerRegistry.Of("c", 3), "c", Newcomer(3, "s1", lowest, highest), isAlone, NobodyLives);
        Assert.Equal((RegistrationRefusal.FeatureLevel, null), (refused.Refusal, refused.Registry));
        Assert.Equal($"the store has feature level 3, and this version supports the levels {lowest} to {highest}.", refused.Detail);
    }

    [Fact]
    public void The_level_is_raised_to_the_highest_that_all_brokers_support_and_a_second_time_changes_nothing()
    {
        var registry = BrokerRegistry.Of("c", 0).With(Newcomer(1, "s1", 0, 4)).With(Newcomer(2, "s2", 0, 3));
        var raised = BrokerRules.Upgrade(registry, null);
        Assert.Equal((ErrorCode.None, null, 0, 3), (raised.Error, raised.Detail, raised.Before, raised.After));
        Assert.Equal(3, raised.Registry!.FeatureLevel);
        Assert.Equal(registry.Brokers.Values, raised.Registry.Brokers.Values);
        Assert.Equal(new FeatureUpgrade(ErrorCode.None, null, 3, 3, null), BrokerRules.Upgrade(raised.Registry, null));
        Assert.Equal(new FeatureUpgrade(ErrorCode.None, null, 3, 3, null), BrokerRules.Upgrade(raised.Registry, 3));
        Assert.Equal(2, BrokerRules.Upgrade(registry, 2).Registry!.FeatureLevel);
    }

    [Fact]
    public void A_level_is_refused_that_is_lower_or_that_a_broker_does_not_support()
    {
        var registry = BrokerRegistry.Of("c", 1).With(Newcomer(1, "s1", 0, 4)).With(Newcomer(2, "s2", 1, 2));
        Assert.Equal(
            new FeatureUpgrade(ErrorCode.InvalidUpdateVersion, "The feature level is 1, and is never lowered.", 1, 1, null), BrokerRules.Upgrade(registry, 0));
        Assert.Equal(
            new FeatureUpgrade(ErrorCode.InvalidUpdateVersion, "Broker 2 supports the feature levels 1 to 2, not 3.", 1, 1, null),
            BrokerRules.Upgrade(registry, 3));
        Assert.Equal(ErrorCode.FeatureUpdateFailed, BrokerRules.Upgrade(null, null).Error);
    }

    [Fact]
    public void A_broker_of_a_version_without_levels_keeps_the_level_until_it_is_replaced_or_removed()
    {
        var registry = BrokerRegistry.Of("c", 0).With(Newcomer(1, "s1")).With(Newcomer(2, "s2") with { Features = null });
        var refused = BrokerRules.Upgrade(registry, null);
        Assert.Equal(
            (ErrorCode.FeatureUpdateFailed, "Version 1.0.0 of broker 2 has no feature levels. Start the broker with a later version, or remove it."),
            (refused.Error, refused.Detail));
        Assert.Equal(1, BrokerRules.Upgrade(Register(registry, Newcomer(2, "s3"), NobodyLives).Registry, null).After);
        Assert.Equal(1, BrokerRules.Upgrade(BrokerRules.Remove(registry, 2, NobodyLives).Registry, null).After);
        Assert.Equal(1, BrokerRules.Upgrade(registry.With(registry.Brokers[2] with { Phase = BrokerPhase.Removed }), null).After);
    }

    [Fact]
    public void At_level_0_nothing_stays_of_a_broker_that_is_removed_and_its_earlier_process_does_not_speak_for_a_later_start()
    {
        var first = BrokerRegistry.Of("c", 0).With(Newcomer(3, "s1")).With(Newcomer(4, "s4"));
        var removed = BrokerRules.Remove(first, 3, NobodyLives).Registry!;
        Assert.Equal(4, Assert.Single(removed.Brokers).Key);
        var again = Register(removed, Newcomer(3, "s2"), NobodyLives);
        Assert.Equal(1, again.Broker!.Epoch);
        Assert.Null(BrokerRules.Advance(again.Registry!, 3, "s1", BrokerPhase.Stopped, null));
    }

    private static BrokerRecord Newcomer(int id, string silo, int lowest = 0, int highest = 1) =>
        new(id, 1, BrokerPhase.Starting, null, null, silo, "1.0.0", new Timestamp(1_767_225_600_000), new FeatureRange(lowest, highest));

    private static Registration Register(BrokerRegistry? registry, BrokerRecord newcomer, Func<string, bool> isAlive) =>
        BrokerRules.Register(registry, "c", newcomer, false, isAlive);
}
