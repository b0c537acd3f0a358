using System.Net;
using Loire.Model;

namespace Loire.WebApi.Tests;

/// <summary>
/// Which records a deletion takes, before fake partitions with the offsets 2 to 9, of which each has the timestamp 1000 times its number.
/// </summary>
public sealed class RecordsDeletionTests
{
    private const string Json = "application/json";
    private const string Path = "/v1/topics/t/records:delete";

    [Theory]
    [InlineData("""{"to":"latest"}""", 10)]
    [InlineData("""{"to":"offset","value":7}""", 7)]
    [InlineData("""{"to":"offset","value":1}""", 2)]
    [InlineData("""{"to":"offset","value":10}""", 10)]
    [InlineData("""{"to":"timestamp","value":4500}""", 5)]
    [InlineData("""{"to":"timestamp","value":"1970-01-01T00:00:06Z"}""", 6)]
    [InlineData("""{"to":"timestamp","value":99000}""", 10)]
    public async Task Records_before_a_position_are_deleted_unless_it_is_a_dry_run(string body, long start)
    {
        await using var host = await StartAsync();
        var expected = "[" + string.Join(',', Enumerable.Range(0, 2).Select(partition =>
            $$"""{"partition":{{partition}},"old_log_start_offset":2,"log_start_offset":{{start}},"high_watermark":10}""")) + "]";
        Assert.Equal(expected, (await host.PostAsync(Path, Json, body.Replace("}", ",\"dry_run\":true}", StringComparison.Ordinal))).Text);
        Assert.Equal("2 2", Starts(host));
        Assert.Equal(expected, (await host.PostAsync(Path, Json, body)).Text);
        Assert.Equal($"{start} {start}", Starts(host));
    }

    [Fact]
    public async Task Only_the_named_partitions_lose_records()
    {
        await using var host = await StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync(Path, Json, """{"to":"latest","partitions":[1]}""")).Status);
        Assert.Equal("2 10", Starts(host));
    }

    [Theory]
    [InlineData("{}", 400, "no position")]
    [InlineData("""{"to":"earliest"}""", 400, "nothing to delete")]
    [InlineData("""{"to":"shift","value":1}""", 400, "a shift of nothing")]
    [InlineData("""{"to":"offset","value":-1}""", 400, "a negative offset")]
    [InlineData("""{"to":"latest","value":1}""", 400, "a value where none belongs")]
    [InlineData("""{"to":"latest","partitions":[]}""", 400, "no partition")]
    [InlineData("""{"to":"latest","partitions":[0,0]}""", 400, "a partition twice")]
    [InlineData("""{"to":"latest","partitions":[-1]}""", 400, "a negative partition")]
    [InlineData("""{"to":"latest","partitions":[0,2]}""", 404, "an unknown partition")]
    [InlineData("""{"to":"offset","value":11}""", 416, "an offset beyond the end")]
    [InlineData("""{"to":"latest","dry":true}""", 400, "an unknown member")]
    public async Task A_request_that_is_wrong_anywhere_deletes_nothing(string body, int status, string reason)
    {
        await using var host = await StartAsync();
        var answer = await host.PostAsync(Path, Json, body);
        Assert.True((int)answer.Status == status && answer.Json.GetProperty("detail").GetString()!.Length > 20, $"{reason}: {answer.Text}");
        Assert.Equal("2 2", Starts(host));
    }

    [Fact]
    public async Task A_partition_that_cannot_be_asked_stops_the_whole_deletion()
    {
        await using var host = await StartAsync();
        host.Cluster.Partition("t", 1).BeforeOffsets = () => Task.FromResult(ErrorCode.KafkaStorageError);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.PostAsync(Path, Json, """{"to":"latest"}""")).Status);
        Assert.Equal("2 2", Starts(host));
        Assert.Equal(HttpStatusCode.NotFound, (await host.PostAsync("/v1/topics/none/records:delete", Json, """{"to":"latest"}""")).Status);
    }

    private static string Starts(ApiHost host) => $"{host.Cluster.Partition("t", 0).LogStart} {host.Cluster.Partition("t", 1).LogStart}";

    private static async Task<ApiHost> StartAsync()
    {
        var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", 2);
        for (var partition = 0; partition < 2; partition++)
        {
            var log = host.Cluster.Partition("t", partition);
            for (var offset = 0; offset < 10; offset++)
            {
                log.Plant(Batches.Of(CompressionType.None, offset * 1_000, "r"));
            }

            log.LogStart = new Offset(2);
        }

        return host;
    }
}
