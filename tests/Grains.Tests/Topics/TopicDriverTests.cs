using Loire.Coordination.Placement;
using Loire.Coordination.Topics;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Benches;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;

namespace Loire.Grains.Tests.Topics;

public class TopicDriverTests
{
    [Fact]
    public void A_created_topic_is_described_listed_and_serves()
    {
        var bench = new TopicsBench();
        var created = bench.Create("orders", 3, ("retention.ms", "5000"));
        var described = bench.Describe("orders").Topic!;

        Assert.Equal(ErrorCode.None, created.Error);
        Assert.Equal(("orders", 3, (short)1), (described.Name.Value, described.PartitionsCount, described.ReplicationFactor));
        Assert.Equal(created.Topic!.Id, described.Id);
        Assert.Equal(("5000", false), Setting(described, "retention.ms"));
        Assert.Equal(("1048588", true), Setting(described, "max.message.bytes"));
        Assert.Equal("orders", bench.List());
        Assert.Equal(0, bench.Append(TopicsBench.Key(created, 2), "v").BaseOffset.Value);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, bench.Append(TopicsBench.Key(created, 3), "v").Error);
        Assert.Equal(ErrorCode.UnknownTopicId, bench.Append(TopicsBench.Key(created, 0) with { Id = new TopicId(Guid.Empty) }, "v").Error);
    }

    [Fact]
    public void All_brokers_are_told_of_new_leaders_before_any_partition_moves()
    {
        var bench = new TopicsBench();
        bench.BrokersServing.Add(new BrokerPlace(1, null));
        var topic = bench.Create("t", 2).Topic!;
        var toldBefore = new List<int>();
        bench.PartitionFault = _ =>
        {
            toldBefore.Add(bench.ToldOfLeaders.Count);
            return null;
        };
        bench.BrokersServing.Add(new BrokerPlace(2, null));
        bench.Thread.Finish(() => bench.Topic("t").RebalanceAsync(validateOnly: true));
        Assert.Empty(bench.ToldOfLeaders);

        var rebalanced = bench.Thread.Finish(() => bench.Topic("t").RebalanceAsync(validateOnly: false)).Topic!;
        Assert.Equal([1, 2], rebalanced.PreferredLeaders!.Order());
        bench.Thread.Finish(() => bench.Topic("t").AddPartitionsAsync(3, validateOnly: false));
        Assert.Equal([1, 1, 2, 2], toldBefore);
        Assert.Equal([topic.Id, topic.Id], bench.ToldOfLeaders);
    }

    [Fact]
    public void Whoever_watches_a_topic_hears_at_once_of_a_change_and_of_its_deletion()
    {
        var bench = new TopicsBench();
        var before = bench.Create("t", 2).Topic!;
        var waiting = Watch(bench, before);
        Assert.False(waiting.IsCompleted);
        bench.Thread.Finish(() => bench.Topic("t").AddPartitionsAsync(3, false));
        var after = waiting.Now().Topic!;
        Assert.Equal((before.Id, 3), (after.Id, after.PartitionsCount));
        Assert.Equal(3, Watch(bench, before).Now().Topic!.PartitionsCount);

        waiting = Watch(bench, after);
        Assert.False(waiting.IsCompleted);
        bench.Delete("t");
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, waiting.Now().Error);
        var next = bench.Create("t", 2).Topic!;
        Assert.Equal(next.Id, Watch(bench, before).Now().Topic!.Id);
    }

    [Fact]
    public void A_watch_ends_when_its_time_is_over_its_caller_gives_up_or_the_topic_stops()
    {
        var bench = new TopicsBench();
        var topic = bench.Create("t").Topic!;
        var late = Watch(bench, topic);
        bench.Advance(TimeSpan.FromSeconds(29));
        Assert.False(late.IsCompleted);
        bench.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(topic.Version, late.Now().Topic!.Version);

        using var source = new CancellationTokenSource();
        var cancelled = Watch(bench, topic, source.Token);
        bench.Thread.After(source.Cancel);
        Assert.True(cancelled.IsCanceled);

        var stopping = Watch(bench, topic);
        bench.Thread.After(bench.Topic("t").Retire);
        Assert.Equal(topic.Version, stopping.Now().Topic!.Version);
        Assert.True(Watch(bench, topic).IsCompleted);
    }

    [Fact]
    public void A_topic_that_moves_does_not_wait_for_its_partitions_and_the_next_activation_completes_the_change()
    {
        var bench = new TopicsBench();
        var topic = bench.Create("t", 20);
        var silent = new TaskCompletionSource();
        bench.BeforePartition = _ => silent.Task;
        var altering = bench.Thread.Start(() => bench.Topic("t").AlterConfigsAsync(
            new AlterConfigsRequest([KeyValuePair.Create("retention.ms", (string?)"5000")], false)));
        Assert.False(altering.IsCompleted);
        var moving = bench.Topic("t");
        bench.Thread.After(moving.EndWaits);
        Assert.Equal(ErrorCode.NotController, altering.Now().Error);
        Assert.Equal(8, bench.Calls.Most);

        bench.CloseTopic("t");
        bench.BeforePartition = _ => Task.CompletedTask;
        Assert.Equal(("5000", false), Setting(bench.Describe("t").Topic!, "retention.ms"));
        Assert.Equal(ErrorCode.None, bench.Alter("t", ("retention.ms", "5000")).Error);

        bench.BeforePartition = _ => silent.Task;
        var deleting = bench.Thread.Start(() => bench.Topic("t").DeleteAsync());
        Assert.False(deleting.IsCompleted);
        bench.Thread.After(bench.Topic("t").EndWaits);
        Assert.Equal(ErrorCode.NotController, deleting.Now().Error);

        bench.CloseTopic("t");
        bench.BeforePartition = _ => Task.CompletedTask;
        Assert.Equal(ErrorCode.None, bench.Delete("t").Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, bench.Append(TopicsBench.Key(topic, 0), "v").Error);
        Assert.Empty(bench.List());
    }

    [Fact]
    public void A_change_by_another_owner_is_noticed_within_seconds()
    {
        var bench = new TopicsBench();
        var topic = bench.Create("t").Topic!;
        var other = new TopicsBench(bench.Storage);
        var waiting = Watch(other, topic);
        bench.Thread.Finish(() => bench.Topic("t").AddPartitionsAsync(3, false));
        Assert.False(waiting.IsCompleted);
        other.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(3, waiting.Now().Topic!.PartitionsCount);
    }

    [Fact]
    public void Validate_only_reports_the_errors_of_a_creation_and_changes_nothing()
    {
        var bench = new TopicsBench();
        bench.Create("a.b");
        var writes = 0;
        bench.Storage.Changed = _ => writes++;
        TopicResult Validate(string name, int partitions = 2, params (string, string)[] configs) => bench.Thread.Finish(
            () => bench.Topic(name).CreateAsync(TopicsBench.Request(partitions, configs) with { ValidateOnly = true }));

        Assert.Equal((ErrorCode.None, 2), (Validate("t").Error, Validate("t").Topic!.PartitionsCount));
        Assert.Equal(ErrorCode.TopicAlreadyExists, Validate("a.b").Error);
        Assert.Equal(ErrorCode.InvalidTopicException, Validate("a_b").Error);
        Assert.Equal(ErrorCode.InvalidPartitions, Validate("t", 0).Error);
        Assert.Equal(ErrorCode.InvalidConfig, Validate("t", 1, ("x", "y")).Error);
        Assert.Equal(5, bench.Thread.Finish(() => bench.Topic("a.b").AddPartitionsAsync(5, validateOnly: true)).Topic!.PartitionsCount);
        Assert.Equal((0, 1), (writes, bench.Describe("a.b").Topic!.PartitionsCount));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, bench.Describe("t").Error);
        Assert.Equal("a.b", bench.List());
    }

    [Fact]
    public void A_topic_survives_the_loss_of_every_activation()
    {
        var bench = new TopicsBench();
        var id = bench.Create("t", 2, ("segment.ms", "7")).Topic!.Id;
        bench.Thread.Finish(() => bench.Topic("t").AddPartitionsAsync(4, false));
        for (var i = 0; i < 100; i++)
        {
            bench.Alter("t", ("retention.ms", i.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                ("segment.ms", i == 99 ? null : "8"));
        }

        var before = bench.Describe("t").Topic!;
        var after = new TopicsBench(bench.Storage).Describe("t").Topic!;
        Assert.Equal((id, 4), (after.Id, after.PartitionsCount));
        Assert.Equal(before.Configs, after.Configs);
        Assert.Equal(("99", false), Setting(after, "retention.ms"));
        Assert.Equal(("604800000", true), Setting(after, "segment.ms"));
    }

    [Fact]
    public void Settings_are_described_with_type_default_meaning_and_whether_they_have_an_effect()
    {
        var bench = new TopicsBench();
        bench.Create("t", 1, ("compression.type", "zstd"), ("flush.ms", "7"));
        var described = bench.Thread.Finish(() => bench.Topic("t").DescribeConfigsAsync());

        Assert.Equal(ErrorCode.None, described.Error);
        Assert.Equal(TopicConfigs.All.Select(config => config.Name), described.Configs.Select(config => config.Name));
        var codec = Assert.Single(described.Configs, config => config.Name == "compression.type");
        Assert.Equal((ConfigValueType.String, "zstd", "producer", false, null), (codec.Type, codec.Value, codec.Default, codec.IsDefault, codec.NoEffect));
        Assert.NotEmpty(codec.Documentation);
        var flush = Assert.Single(described.Configs, config => config.Name == "flush.ms");
        Assert.Equal(("7", "9223372036854775807", false), (flush.Value, flush.Default, flush.IsDefault));
        Assert.NotNull(flush.NoEffect);
        var limit = Assert.Single(described.Configs, config => config.Name == "max.message.bytes");
        Assert.Equal(("1048588", "1048588", true), (limit.Value, limit.Default, limit.IsDefault));
        Assert.All(bench.Describe("t").Topic!.Configs.Zip(described.Configs), pair => Assert.Equal(pair.First.IsEffective, pair.Second.NoEffect is null));

        var missing = bench.Thread.Finish(() => bench.Topic("missing").DescribeConfigsAsync());
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, missing.Error);
        Assert.Empty(missing.Configs);
    }

    [Fact]
    public void Settings_altered_while_a_partition_is_open_act_on_its_next_append()
    {
        var bench = new TopicsBench();
        var partition = TopicsBench.Key(bench.Create("t"), 0);
        Assert.Equal(ErrorCode.None, bench.Append(partition, "v").Error);

        Assert.Equal(ErrorCode.None, bench.Alter("t", ("cleanup.policy", "compact")).Error);
        Assert.Equal(ErrorCode.InvalidRecord, bench.Append(partition, "v").Error);
        Assert.Equal(ErrorCode.None, bench.Alter("t", ("cleanup.policy", null), ("compression.type", "lz4")).Error);
        Assert.Equal(ErrorCode.None, bench.Append(partition, "v").Error);
        Assert.Equal(ErrorCode.None, bench.Alter("t", ("message.timestamp.before.max.ms", "0")).Error);
        bench.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorCode.InvalidTimestamp, bench.Append(partition, "v").Error);
        Assert.Equal(ErrorCode.None, bench.Alter("t", ("message.timestamp.type", "LogAppendTime")).Error);
        Assert.Equal(ErrorCode.None, bench.Append(partition, "v").Error);

        List<(CompressionType, TimestampType)> stored = [];
        for (ReadOnlySpan<byte> rest = Batch.Bytes(bench.Fetch(partition)); RecordBatch.TryRead(rest, out var batch) == ErrorCode.None; rest = rest[batch.SizeInBytes..])
        {
            stored.Add((batch.Compression, batch.TimestampType));
        }

        Assert.Equal(
            [
                (CompressionType.None, TimestampType.CreateTime), (CompressionType.Lz4, TimestampType.CreateTime),
                (CompressionType.Lz4, TimestampType.LogAppendTime),
            ],
            stored);
    }

    [Fact]
    public void New_settings_reach_every_partition_with_bounded_concurrency()
    {
        var bench = new TopicsBench();
        var topic = bench.Create("t", 100);
        bench.Append(TopicsBench.Key(topic, 0), "small");
        Assert.Equal(ErrorCode.None, bench.Alter("t", ("max.message.bytes", "10")).Error);

        Assert.Equal(ErrorCode.MessageTooLarge, bench.Append(TopicsBench.Key(topic, 0), "now too large").Error);
        Assert.Equal(ErrorCode.MessageTooLarge, bench.Append(TopicsBench.Key(topic, 99), "too large as well").Error);
        Assert.Equal(8, bench.Calls.Most);
    }

    [Fact]
    public void Answers_of_a_partition_carry_the_version_of_the_topic_that_it_acts_on()
    {
        var bench = new TopicsBench();
        var topic = bench.Create("t", 2);
        var first = TopicsBench.Key(topic, 0);
        Assert.Equal((1, 1), (topic.Topic!.Version, bench.Append(first, "v").TopicVersion));

        bench.Alter("t", ("max.message.bytes", "10"));
        var refused = bench.Append(first, "too large");
        Assert.Equal((2, 2), (bench.Describe("t").Topic!.Version, refused.TopicVersion));
        Assert.Equal(ErrorCode.MessageTooLarge, refused.Error);
        Assert.Equal((2, 2), (bench.Fetch(first).TopicVersion, bench.Fetch(first).Bounds.TopicVersion));

        bench.Thread.Finish(() => bench.Topic("t").AddPartitionsAsync(4, false));
        Assert.Equal((3, 3, 3), (
            bench.Describe("t").Topic!.Version, bench.Fetch(first).TopicVersion, bench.Fetch(TopicsBench.Key(topic, 3)).TopicVersion));
    }

    [Fact]
    public void Partitions_are_added_even_if_existing_ones_are_unreachable()
    {
        var bench = new TopicsBench();
        var topic = bench.Create("t");
        bench.PartitionFault = _ => ErrorCode.RequestTimedOut;
        Assert.Equal(2, bench.Thread.Finish(() => bench.Topic("t").AddPartitionsAsync(2, false)).Topic!.PartitionsCount);
        Assert.Equal(0, bench.Append(TopicsBench.Key(topic, 1), "v").BaseOffset.Value);
    }

    [Fact]
    public void Settings_that_partitions_do_not_use_cause_no_calls()
    {
        var bench = new TopicsBench();
        bench.Create("t", 100);
        bench.Alter("t", ("segment.ms", "10"));
        Assert.Equal(0, bench.Calls.Most);
    }

    [Fact]
    public void A_partition_that_does_not_confirm_new_settings_is_reported_and_called_again_by_the_next_change()
    {
        var bench = new TopicsBench();
        var topic = bench.Create("t", 3);
        bench.Append(TopicsBench.Key(topic, 1), "small");
        bench.PartitionFault = key => key.Partition == 1 ? ErrorCode.RequestTimedOut : null;
        var altered = bench.Alter("t", ("max.message.bytes", "10"));
        Assert.Equal(ErrorCode.RequestTimedOut, altered.Error);
        Assert.Contains("1 of 3 partitions", altered.Detail, StringComparison.Ordinal);

        bench.PartitionFault = _ => null;
        Assert.Equal(ErrorCode.None, bench.Alter("t", ("max.message.bytes", "10")).Error);
        Assert.Equal(ErrorCode.MessageTooLarge, bench.Append(TopicsBench.Key(topic, 1), "too large").Error);
    }

    [Fact]
    public void A_deleted_topic_leaves_nothing_in_storage_and_its_successor_starts_empty_at_0()
    {
        var bench = new TopicsBench();
        bench.Create("other");
        var first = bench.Create("t", 3);
        foreach (var i in Enumerable.Range(0, 30))
        {
            bench.Append(TopicsBench.Key(first, i % 3), "old");
        }

        Assert.Equal(ErrorCode.None, bench.Delete("t").Error);
        Assert.DoesNotContain(bench.Storage.Keys, key =>
            key.Contains("topic/t", StringComparison.Ordinal) || key.Contains(first.Topic!.Id.ToString(), StringComparison.Ordinal));
        Assert.Equal("other", bench.List());
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, bench.Describe("t").Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, bench.Append(TopicsBench.Key(first, 0), "late").Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, bench.Delete("t").Error);

        var second = bench.Create("t", 3);
        Assert.NotEqual(first.Topic!.Id, second.Topic!.Id);
        Assert.Equal("", bench.Read(TopicsBench.Key(second, 0)));
        Assert.Equal(0, bench.Append(TopicsBench.Key(second, 0), "new").BaseOffset.Value);
        Assert.Equal(ErrorCode.UnknownTopicId, bench.Append(TopicsBench.Key(first, 0), "late").Error);
    }

    [Fact]
    public void A_deletion_that_a_partition_refuses_takes_effect_and_is_completed_later()
    {
        var bench = new TopicsBench();
        var topic = bench.Create("t", 3);
        bench.Append(TopicsBench.Key(topic, 1), "v");
        bench.PartitionFault = key => key.Partition == 1 ? ErrorCode.KafkaStorageError : null;
        Assert.Equal(ErrorCode.KafkaStorageError, bench.Delete("t").Error);

        Assert.Equal(("", ErrorCode.UnknownTopicOrPartition), (bench.List(), bench.Describe("t").Error));
        bench.PartitionFault = _ => null;
        bench.Settle();
        Assert.Equal(("", ErrorCode.UnknownTopicOrPartition), (bench.List(), bench.Describe("t").Error));
        Assert.DoesNotContain(bench.Storage.Keys, key => key.Contains(topic.Topic!.Id.ToString(), StringComparison.Ordinal));
        Assert.False(bench.Catalog.HasUnsettled);
    }

    [Fact]
    public void Creating_a_topic_that_is_being_deleted_completes_the_deletion_first()
    {
        var bench = new TopicsBench();
        var topic = bench.Create("t", 2);
        bench.Append(TopicsBench.Key(topic, 1), "old");
        bench.PartitionFault = _ => ErrorCode.RequestTimedOut;
        bench.Delete("t");
        Assert.Equal(ErrorCode.RequestTimedOut, bench.Create("t").Error);
        bench.PartitionFault = _ => null;
        Assert.Equal(ErrorCode.None, bench.Create("t").Error);
        Assert.DoesNotContain(bench.Storage.Keys, key => key.Contains(topic.Topic!.Id.ToString(), StringComparison.Ordinal));
        Assert.Equal("t", bench.List());
    }

    [Fact]
    public void With_an_unreachable_catalog_nothing_is_created_and_an_existing_topic_is_listed_later()
    {
        var bench = new TopicsBench();
        bench.CatalogFault = () => new CatalogResult(ErrorCode.NotController, "unreachable");
        Assert.Equal(ErrorCode.NotController, bench.Create("t").Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, bench.Describe("t").Error);

        var calls = 0;
        bench.CatalogFault = () => ++calls == 2 ? new CatalogResult(ErrorCode.NotController, "unreachable") : null;
        Assert.Equal(ErrorCode.None, bench.Create("t").Error);
        Assert.Equal("", bench.List());
        bench.Settle();
        Assert.Equal("t", bench.List());
    }

    [Fact]
    public void Topics_that_do_not_exist_take_no_memory()
    {
        var bench = new TopicsBench();
        foreach (var i in Enumerable.Range(0, 100))
        {
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, bench.Describe("no" + i).Error);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, bench.Delete("no" + i).Error);
            Assert.Equal(ErrorCode.InvalidPartitions, bench.Create("no" + i, 0).Error);
        }

        Assert.Equal(0, bench.ActiveTopics);
        Assert.Empty(bench.Storage.Keys);
    }

    [Fact]
    public void Readers_see_the_previous_state_until_a_change_is_durable()
    {
        var bench = new TopicsBench();
        bench.Create("t");
        var hold = new TaskCompletionSource();
        bench.Storage.Faults = async call =>
        {
            if (call.Operation == StorageOperation.Write)
            {
                await hold.Task.ConfigureAwait(false);
            }

            return StorageFault.None;
        };
        var change = bench.Thread.Start(() => bench.Topic("t").AddPartitionsAsync(9, false));
        Assert.Equal(1, bench.Describe("t").Topic!.PartitionsCount);
        Assert.False(change.IsCompleted);
        bench.Thread.After(hold.SetResult);
        Assert.Equal(9, change.Now().Topic!.PartitionsCount);
        Assert.Equal(9, bench.Describe("t").Topic!.PartitionsCount);
    }

    [Fact]
    public void One_of_two_concurrent_creations_succeeds()
    {
        var bench = new TopicsBench();
        var both = Enumerable.Range(0, 2).Select(_ => bench.Thread.Post(() => bench.Topic("t").CreateAsync(TopicsBench.Request(1))))
            .ToList();
        bench.Thread.Run();
        Assert.Equal([ErrorCode.None, ErrorCode.TopicAlreadyExists], both.Select(one => one.Now().Error));
    }

    [Fact]
    public void Each_of_two_activations_changes_a_topic_from_its_newest_state()
    {
        var old = new TopicsBench();
        old.Create("t");
        var @new = new TopicsBench(old.Storage);
        Assert.Equal(ErrorCode.None, @new.Alter("t", ("retention.ms", "1")).Error);
        Assert.Equal(ErrorCode.None, old.Alter("t", ("retention.bytes", "2")).Error);
        Assert.Equal(ErrorCode.None, @new.Alter("t", ("segment.ms", "30000")).Error);
        Assert.Equal(
            ["retention.bytes=2", "retention.ms=1", "segment.ms=30000"],
            @new.Describe("t").Topic!.Configs.Where(config => !config.IsDefault).Select(config => $"{config.Name}={config.Value}").Order());
    }

    [Fact]
    public void Activation_that_missed_the_deletion_of_a_topic_neither_describes_it_nor_lets_a_partition_open()
    {
        var old = new TopicsBench();
        var id = old.Create("t").Topic!.Id;
        Assert.Equal(ErrorCode.None, new TopicsBench(old.Storage).Delete("t").Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, old.Settings("t", id, 0).Error);

        var late = new TopicsBench(old.Storage);
        late.Create("u");
        Assert.Equal(ErrorCode.None, late.Describe("u").Error);
        Assert.Equal(ErrorCode.None, new TopicsBench(old.Storage).Delete("u").Error);
        late.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, late.Describe("u").Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, late.Alter("u", ("retention.ms", "2")).Error);
    }

    [Fact]
    public void Activation_that_missed_a_creation_does_not_refuse_the_topic()
    {
        var old = new TopicsBench();
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, old.Describe("t").Error);
        new TopicsBench(old.Storage).Create("t");
        Assert.Equal(ErrorCode.TopicAlreadyExists, old.Create("t").Error);
        Assert.Equal(ErrorCode.None, old.Delete("t").Error);
    }

    private static Task<TopicResult> Watch(TopicsBench bench, TopicDescription known, CancellationToken cancellation = default) =>
        bench.Thread.Start(() => bench.Topic("t").WatchAsync(known.Id, known.Version, TimeSpan.FromSeconds(30), cancellation));

    private static (string Value, bool IsDefault) Setting(TopicDescription topic, string name)
    {
        var setting = Assert.Single(topic.Configs, config => config.Name == name);
        return (setting.Value, setting.IsDefault);
    }
}
