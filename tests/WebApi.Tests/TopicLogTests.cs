using System.Net;
using Loire.Model;

namespace Loire.WebApi.Tests;

/// <summary>The logs of a topic's partitions as its answers show them.</summary>
public sealed class TopicLogTests
{
    [Fact]
    public async Task The_logs_of_partitions_are_shown_as_they_were_reported()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", 3).Logs.AddRange(
        [
            new(new PartitionReport(0, new Offset(5), new Offset(9), 700, 300, new Timestamp(1_000), 0, IsOpen: true, new Timestamp(9_000)), new Timestamp(2_000), DueReason.Age),
            new(new PartitionReport(2, new Offset(0), new Offset(0), 0, 0, Timestamp.None, 0, IsOpen: false, new Timestamp(8_000)), Timestamp.None, DueReason.Unknown),
        ]);
        Assert.Contains(
            ",\"log\":{\"reported_partitions\":2,\"size_bytes\":700,\"oldest_timestamp\":1000,\"reported_at\":8000}}",
            (await host.GetAsync("/v1/topics/t")).Text, StringComparison.Ordinal);
        Assert.Equal(
            """
            [{"partition":0,"leader":0,"preferred_leader":null,"replicas":[0],"isr":[0],"log":{"log_start_offset":5,"log_end_offset":9,"size_bytes":700,"oldest_timestamp":1000,"open":true,"reported_at":9000,"retention_due_at":2000,"retention_due_reason":"AGE"}},
            {"partition":1,"leader":0,"preferred_leader":null,"replicas":[0],"isr":[0]},
            {"partition":2,"leader":0,"preferred_leader":null,"replicas":[0],"isr":[0],"log":{"log_start_offset":0,"log_end_offset":0,"size_bytes":0,"oldest_timestamp":null,"open":false,"reported_at":8000,"retention_due_at":null,"retention_due_reason":null}}]
            """.ReplaceLineEndings(""),
            (await host.GetAsync("/v1/topics/t/partitions")).Text);
    }

    [Fact]
    public async Task A_topic_whose_reports_cannot_be_read_is_described_without_them()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t").LogsException = new NotSupportedException("The node of the topic has an earlier version.");
        var described = await host.GetAsync("/v1/topics/t");
        Assert.Equal((HttpStatusCode.OK, 0), (described.Status, described.Json.GetProperty("log").GetProperty("reported_partitions").GetInt32()));
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/topics/t/partitions")).Status);
    }

    [Fact]
    public async Task A_topic_that_does_not_exist_is_not_found()
    {
        await using var host = await ApiHost.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/v1/topics/none")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/v1/topics/none/partitions")).Status);
    }
}
