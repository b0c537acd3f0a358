using Loire.Coordination.Placement;
using Loire.Coordination.Topics;
using Loire.Model;

namespace Loire.Coordination.Tests;

public class TopicRulesTests
{
    [Theory]
    [InlineData(1, 1, ErrorCode.None, 1, "the least")]
    [InlineData(10_000, -1, ErrorCode.None, 10_000, "the most, with the default factor")]
    [InlineData(-1, 1, ErrorCode.None, 5, "-1 asks for the broker's default")]
    [InlineData(0, 1, ErrorCode.InvalidPartitions, 0, "a topic needs a partition")]
    [InlineData(-2, 1, ErrorCode.InvalidPartitions, 0, "only -1 stands for the default")]
    [InlineData(int.MinValue, 1, ErrorCode.InvalidPartitions, 0, "the worst number")]
    [InlineData(10_001, 1, ErrorCode.InvalidPartitions, 0, "one too many")]
    [InlineData(int.MaxValue, 1, ErrorCode.InvalidPartitions, 0, "a mistyped number must not make millions of grains")]
    [InlineData(1, 2, ErrorCode.InvalidReplicationFactor, 0, "the store does the replication")]
    [InlineData(1, 0, ErrorCode.InvalidReplicationFactor, 0, "no copy is no topic")]
    [InlineData(1, -2, ErrorCode.InvalidReplicationFactor, 0, "only -1 stands for the default")]
    public void A_topic_is_created_with_legal_counts_only(
        int partitions, int replicationFactor, ErrorCode error, int expected, string reason)
    {
        var decision = Topic.Create(TopicState.Absent, partitions, replicationFactor);

        Assert.True(error == decision.Error, reason);
        Assert.True((decision.Detail is null) == (error == ErrorCode.None), "a refusal is explained");
        if (error == ErrorCode.None)
        {
            var state = TopicState.Absent.Apply(Assert.Single(decision.Records));
            Assert.Equal((TopicPhase.Live, 1, Topic.Id, expected, (short)1),
                (state.Phase, state.Version, state.Id, state.PartitionsCount, state.ReplicationFactor));
        }
        else
        {
            Assert.Empty(decision.Records);
        }
    }

    [Fact]
    public void A_name_that_exists_or_is_being_deleted_is_not_created_again()
    {
        var live = Topic.Live();
        Assert.Equal(ErrorCode.TopicAlreadyExists, Topic.Create(live).Error);
        Assert.Equal(ErrorCode.TopicAlreadyExists, Topic.Create(live.Apply(new TopicRecord.DeletionStarted())).Error);
    }

    [Fact]
    public void Settings_are_kept_as_the_topics_own_and_the_rest_has_defaults()
    {
        var decision = Topic.Create(TopicState.Absent, configs: [("retention.ms", " 5000 "), ("cleanup.policy", "delete, compact")]);
        var state = TopicState.Absent.Apply(Assert.Single(decision.Records));

        Assert.Equal([new("cleanup.policy", "delete,compact"), new("retention.ms", "5000")], state.Configs.ToArray());
        Assert.Equal(5000, TopicConfigs.RetentionMs.Value(state.Configs));
        Assert.Equal(1_048_588, TopicConfigs.MaxMessageBytes.Value(state.Configs));
    }

    [Theory]
    [InlineData("retention.mz", "1", ErrorCode.InvalidConfig, "'retention.mz'", "an unknown name is named")]
    [InlineData("", "1", ErrorCode.InvalidConfig, "''", "no name")]
    [InlineData("RETENTION.MS", "1", ErrorCode.InvalidConfig, "'RETENTION.MS'", "names have one spelling")]
    [InlineData("retention.ms", "soon", ErrorCode.InvalidConfig, "an integer of at least -1", "what is allowed is said")]
    [InlineData("bad\u0007name", "1", ErrorCode.InvalidConfig, "'bad?name'", "control characters do not come back")]
    public void A_setting_that_is_refused_is_named_with_what_is_allowed(
        string name, string value, ErrorCode error, string inDetail, string reason)
    {
        var decision = Topic.Create(TopicState.Absent, configs: [(name, value)]);

        Assert.True(decision.Error == error, reason);
        Assert.Contains(inDetail, decision.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_setting_given_twice_is_refused()
    {
        Assert.Equal(ErrorCode.InvalidRequest,
            Topic.Create(TopicState.Absent, configs: [("retention.ms", "1"), ("retention.ms", "2")]).Error);
    }

    [Fact]
    public void An_endless_name_or_value_does_not_come_back_whole()
    {
        var endless = new string('x', 100_000);
        Assert.InRange(Topic.Create(TopicState.Absent, configs: [(endless, "1")]).Detail!.Length, 1, 300);
        Assert.InRange(Topic.Create(TopicState.Absent, configs: [("retention.ms", endless)]).Detail!.Length, 1, 300);
    }

    [Theory]
    [InlineData(4, ErrorCode.None, "one more")]
    [InlineData(10_000, ErrorCode.None, "the most")]
    [InlineData(3, ErrorCode.InvalidPartitions, "as many as there are")]
    [InlineData(2, ErrorCode.InvalidPartitions, "fewer would lose data")]
    [InlineData(-1, ErrorCode.InvalidPartitions, "there is no default here")]
    [InlineData(10_001, ErrorCode.InvalidPartitions, "one too many")]
    public void The_number_of_partitions_only_grows(int partitions, ErrorCode error, string reason)
    {
        var decision = TopicRules.AddPartitions(Topic.Live(3), partitions, []);

        Assert.True(error == decision.Error, reason);
        if (error == ErrorCode.None)
        {
            var state = Topic.Live(3).Apply(Assert.Single(decision.Records));
            Assert.Equal((partitions, 2), (state.PartitionsCount, state.Version));
        }
    }

    [Fact]
    public void Partitions_get_preferred_leaders_where_there_are_several_brokers()
    {
        BrokerPlace[] brokers = [new(1, null), new(2, null)];
        var created = TopicRules.Create(TopicState.Absent, Topic.Id, 2, 1, [], 1, brokers).Records.Aggregate(TopicState.Absent, (topic, record) => topic.Apply(record));
        Assert.Equal([1, 2], created.PreferredLeaders.Order());

        var extended = TopicRules.AddPartitions(created, 4, [.. brokers, new(3, null)]).Records.Aggregate(created, (topic, record) => topic.Apply(record));
        Assert.Equal(created.PreferredLeaders.AsEnumerable(), extended.PreferredLeaders.Take(2));
        Assert.Equal([1, 2, 3], extended.PreferredLeaders.Distinct().Order());

        Assert.Single(TopicRules.Create(TopicState.Absent, Topic.Id, 2, 1, [], 1, [new(0, null)]).Records);
    }

    [Fact]
    public void Rebalance_gives_a_topic_from_before_its_cluster_preferred_leaders_and_changes_nothing_the_second_time()
    {
        BrokerPlace[] brokers = [new(1, null), new(2, null), new(3, null)];
        var rebalanced = Topic.Live(3).Apply(Assert.Single(TopicRules.Rebalance(Topic.Live(3), brokers).Records));

        Assert.Equal([1, 2, 3], rebalanced.PreferredLeaders.Order());
        Assert.Empty(TopicRules.Rebalance(rebalanced, brokers).Records);
    }

    [Fact]
    public void Settings_are_set_and_reset_together()
    {
        var state = Topic.Live(3, ("retention.ms", "1"), ("segment.ms", "7"));
        var decision = TopicRules.AlterConfigs(
            state, Topic.Changes(("retention.ms", null), ("max.message.bytes", "100"), ("segment.ms", "7")));
        var altered = Assert.IsType<TopicRecord.ConfigsAltered>(Assert.Single(decision.Records));
        var after = state.Apply(altered);

        Assert.Equal(["max.message.bytes", "retention.ms"], altered.Changes.Keys);
        Assert.Equal([new("max.message.bytes", "100"), new("segment.ms", "7")], after.Configs.ToArray());
        Assert.Equal(state.Version + 1, after.Version);
    }

    [Fact]
    public void Settings_that_are_so_already_make_no_record()
    {
        var state = Topic.Live(3, ("retention.ms", "1"));
        var decision = TopicRules.AlterConfigs(state, Topic.Changes(("retention.ms", "1"), ("segment.ms", null)));

        Assert.Equal(ErrorCode.None, decision.Error);
        Assert.Empty(decision.Records);
    }

    [Fact]
    public void Settings_that_were_made_up_for_another_version_of_the_topic_are_refused()
    {
        var state = Topic.Live();
        var changes = Topic.Changes(("retention.ms", "1"));

        Assert.Equal(ErrorCode.InvalidUpdateVersion, TopicRules.AlterConfigs(state, changes, state.Version + 1).Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, TopicRules.AlterConfigs(TopicState.Absent, changes, 1).Error);
        Assert.Single(TopicRules.AlterConfigs(state, changes, state.Version).Records);
    }

    [Fact]
    public void One_bad_setting_refuses_all()
    {
        var decision = TopicRules.AlterConfigs(Topic.Live(), Topic.Changes(("retention.ms", "1"), ("no.such", null)));

        Assert.Equal(ErrorCode.InvalidConfig, decision.Error);
        Assert.Empty(decision.Records);
    }

    [Fact]
    public void Settings_that_contradict_each_other_are_refused_however_they_come_together()
    {
        var lag = ("max.compaction.lag.ms", "10");
        Assert.Equal(ErrorCode.InvalidConfig, Topic.Create(TopicState.Absent, configs: [lag, ("min.compaction.lag.ms", "11")]).Error);
        Assert.Equal(ErrorCode.InvalidConfig,
            TopicRules.AlterConfigs(Topic.Live(3, lag), Topic.Changes(("min.compaction.lag.ms", "11"))).Error);
        Assert.Equal(ErrorCode.None, TopicRules.AlterConfigs(Topic.Live(3, lag), Topic.Changes(("min.compaction.lag.ms", "10"))).Error);
    }

    [Fact]
    public void A_second_tier_of_storage_is_refused_because_there_is_none()
    {
        Assert.Equal(ErrorCode.InvalidConfig, Topic.Create(TopicState.Absent, configs: [("remote.storage.enable", "true")]).Error);
        Assert.Equal(ErrorCode.InvalidConfig, TopicRules.AlterConfigs(Topic.Live(), Topic.Changes(("remote.storage.enable", "true"))).Error);
        Assert.Equal(ErrorCode.None, TopicRules.AlterConfigs(Topic.Live(), Topic.Changes(("remote.storage.enable", "false"))).Error);
    }

    [Fact]
    public void Partitions_get_the_settings_that_they_act_on()
    {
        Assert.Equal(
            new PartitionSettings(1, 1_048_588, TimestampType.CreateTime, TimeSpan.MaxValue, TimeSpan.FromHours(1), 1, RetentionTime: TimeSpan.FromDays(7)),
            PartitionSettingsOf.Topic(Topic.Live()));
        (string, string)[] configs =
        [
            ("max.message.bytes", "1000"), ("message.timestamp.type", "LogAppendTime"), ("message.timestamp.before.max.ms", "5"),
            ("message.timestamp.after.max.ms", "6"), ("min.insync.replicas", "2"), ("compression.type", "zstd"), ("cleanup.policy", "delete,compact"),
            ("retention.ms", "7"), ("retention.bytes", "8"), ("min.cleanable.dirty.ratio", "0.25"), ("min.compaction.lag.ms", "9"),
            ("max.compaction.lag.ms", "10"), ("delete.retention.ms", "11"),
        ];
        Assert.Equal(
            new PartitionSettings(
                1, 1_000, TimestampType.LogAppendTime, TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(6), 2, CompressionType.Zstd, true, true,
                TimeSpan.FromMilliseconds(7), 8, new CompactionSettings(
                    0.25, TimeSpan.FromMilliseconds(9), TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(11))),
            PartitionSettingsOf.Topic(Topic.Live(3, configs)));
        Assert.All(configs, config => Assert.True(PartitionSettingsOf.Concerns(config.Item1)));
        Assert.False(PartitionSettingsOf.Concerns("segment.ms"));
    }

    [Theory]
    [InlineData("delete", "-1", "-1", true, null, null)]
    [InlineData("delete", "0", "0", true, 0, 0L)]
    [InlineData("compact", "5", "5", false, null, null)]
    [InlineData("compact,delete", "5", "5", true, 5, 5L)]
    [InlineData("", "5", "5", true, null, null)]
    public void Records_are_kept_for_ever_unless_the_policy_is_to_delete(
        string policy, string time, string bytes, bool isDeletable, int? keptTime, long? keptBytes)
    {
        var settings = PartitionSettingsOf.Topic(Topic.Live(1, ("cleanup.policy", policy), ("retention.ms", time), ("retention.bytes", bytes)));
        Assert.Equal((isDeletable, keptTime, keptBytes), (settings.IsDeletable, (int?)settings.RetentionTime?.TotalMilliseconds, settings.RetentionBytes));
    }

    [Fact]
    public void Nothing_happens_to_a_topic_that_is_not_there()
    {
        foreach (var state in new[] { TopicState.Absent, Topic.Live().Apply(new TopicRecord.DeletionStarted()) })
        {
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, TopicRules.AddPartitions(state, 9, []).Error);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, TopicRules.Rebalance(state, [new(1, null)]).Error);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, TopicRules.AlterConfigs(state, Topic.Changes(("retention.ms", "1"))).Error);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, TopicRules.CheckPartition(state, Topic.Id, 0));
        }

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, TopicRules.Delete(TopicState.Absent).Error);
    }

    [Fact]
    public void A_deletion_that_has_begun_is_begun_again_without_a_record()
    {
        var deleting = Topic.Live().Apply(Assert.Single(TopicRules.Delete(Topic.Live()).Records));
        var again = TopicRules.Delete(deleting);

        Assert.Equal(TopicPhase.Deleting, deleting.Phase);
        Assert.Equal(ErrorCode.None, again.Error);
        Assert.Empty(again.Records);
    }

    [Theory]
    [InlineData(0, true, ErrorCode.None, "the first")]
    [InlineData(2, true, ErrorCode.None, "the last")]
    [InlineData(3, true, ErrorCode.UnknownTopicOrPartition, "one after the last")]
    [InlineData(-1, true, ErrorCode.UnknownTopicOrPartition, "a negative one")]
    [InlineData(0, false, ErrorCode.UnknownTopicId, "a partition of the topic's predecessor")]
    public void A_partition_serves_only_its_own_creation_of_the_topic(int partition, bool sameId, ErrorCode error, string reason)
    {
        var id = sameId ? Topic.Id : new TopicId(new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
        Assert.True(error == TopicRules.CheckPartition(Topic.Live(3), id, partition), reason);
    }

    [Fact]
    public void Illegal_transitions_are_bugs()
    {
        var live = Topic.Live(3);
        var deleting = live.Apply(new TopicRecord.DeletionStarted());
        Assert.Throws<InvariantException>(() => live.Apply(new TopicRecord.Created(Topic.Id, 1, 1, live.Configs)));
        Assert.Throws<InvariantException>(() => live.Apply(new TopicRecord.PartitionsAdded(3)));
        Assert.Throws<InvariantException>(() => live.Apply(new TopicRecord.Snapshot(live)));
        Assert.Throws<InvariantException>(() => deleting.Apply(new TopicRecord.PartitionsAdded(4)));
        Assert.Throws<InvariantException>(() => deleting.Apply(new TopicRecord.DeletionStarted()));
        Assert.Throws<InvariantException>(() => TopicState.Absent.Apply(new TopicRecord.DeletionStarted()));
        Assert.Throws<InvariantException>(() => TopicState.Absent.Apply(new TopicRecord.Created(default, 1, 1, live.Configs)));
    }
}
