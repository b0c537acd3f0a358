using System.Net;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using static Loire.WebApi.Tests.GroupOffsetsTests;
using static Loire.WebApi.Tests.GroupTests;

namespace Loire.WebApi.Tests;

/// <summary>
/// Where a reset leaves a group, before fake partitions with the offsets 2 to 9, of which each has the timestamp 1000 times its number.
/// </summary>
public sealed class OffsetsResetTests
{
    private const string Json = "application/json";
    private const string Path = "/v1/groups/g/offsets:reset";

    [Theory]
    [InlineData("""{"to":"earliest"}""", 2, 2)]
    [InlineData("""{"to":"latest"}""", 10, 10)]
    [InlineData("""{"to":"offset","value":7}""", 7, 7)]
    [InlineData("""{"to":"offset","value":1}""", 2, 2)]
    [InlineData("""{"to":"offset","value":9223372036854775807}""", 10, 10)]
    [InlineData("""{"to":"shift","value":2}""", 6, 10)]
    [InlineData("""{"to":"shift","value":-1}""", 3, 8)]
    [InlineData("""{"to":"shift","value":-9223372036854775808}""", 2, 2)]
    [InlineData("""{"to":"shift","value":9223372036854775807}""", 10, 10)]
    [InlineData("""{"to":"timestamp","value":4500}""", 5, 5)]
    [InlineData("""{"to":"timestamp","value":5000}""", 5, 5)]
    [InlineData("""{"to":"timestamp","value":"1970-01-01T00:00:06Z"}""", 6, 6)]
    [InlineData("""{"to":"timestamp","value":99000}""", 10, 10)]
    [InlineData("""{"to":"timestamp","value":0}""", 2, 2)]
    public async Task A_reset_goes_where_it_was_told_but_stays_within_the_log(string body, long first, long second)
    {
        await using var host = await StartAsync();
        var expected = """[{"topic_name":"t","partition":0,"old_offset":4,"new_offset":%1,"log_start_offset":2,"high_watermark":10},"""
            + """{"topic_name":"t","partition":1,"old_offset":9,"new_offset":%2,"log_start_offset":2,"high_watermark":10}]""";
        expected = expected.Replace("%1", $"{first}", StringComparison.Ordinal).Replace("%2", $"{second}", StringComparison.Ordinal);

        Assert.Equal(expected, (await host.PostAsync(Path, Json, body.Replace("}", ",\"dry_run\":true}", StringComparison.Ordinal))).Text);
        Assert.Equal("4 9", await OffsetsAsync(host));
        Assert.Equal(expected, (await host.PostAsync(Path, Json, body)).Text);
        Assert.Equal($"{first} {second}", await OffsetsAsync(host));
    }

    [Fact]
    public async Task A_reset_touches_the_partitions_it_names_and_no_other()
    {
        await using var host = await StartAsync();
        await host.PostAsync(Path, Json, """{"to":"earliest","topics":[{"topic_name":"t","partitions":[1]}]}""");
        Assert.Equal("4 2", await OffsetsAsync(host));
        var all = await host.PostAsync(Path, Json, """{"to":"latest","topics":[{"topic_name":"t"}]}""");
        Assert.Equal([0, 1, 2], all.Json.EnumerateArray().Select(row => row.GetProperty("partition").GetInt32()));
        Assert.Equal("null", all.Json[2].GetProperty("old_offset").GetRawText());
        Assert.Equal("10 10 10", await OffsetsAsync(host));
    }

    [Fact]
    public async Task A_group_that_nobody_has_used_can_be_told_where_to_begin()
    {
        await using var host = await StartAsync();
        const string Body = """{"to":"offset","value":3,"topics":[{"topic_name":"t","partitions":[0]}]}""";
        var dry = Body.Replace("]}]", "]}],\"dry_run\":true", StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/v1/groups/new/offsets:reset", Json, dry)).Status);
        await AssertProblem(host.GetAsync("/v1/groups/new"), 404, "GROUP_ID_NOT_FOUND");
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/v1/groups/new/offsets:reset", Json, Body)).Status);
        Assert.Equal(3, (await host.GetAsync("/v1/groups/new/offsets")).Json[0].GetProperty("offset").GetInt64());
        await AssertProblem(host.PostAsync("/v1/groups/other/offsets:reset", Json, """{"to":"earliest"}"""), 404, "GROUP_ID_NOT_FOUND");
    }

    [Fact]
    public async Task A_group_in_use_is_not_reset_not_even_by_someone_who_joins_meanwhile()
    {
        await using var host = await StartAsync();
        var group = host.Cluster.Group("g");
        group.BeforeCommit = _ =>
        {
            group.Members.Add(Member("m", null, [0], [0]));
            return ValueTask.FromResult<CommitResult?>(null);
        };
        await AssertProblem(host.PostAsync(Path, Json, """{"to":"earliest"}"""), 409, "NON_EMPTY_GROUP");
        var problem = await AssertProblem(host.PostAsync(Path, Json, """{"to":"earliest","dry_run":true}"""), 409, "NON_EMPTY_GROUP");
        Assert.Contains("members", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("4 9", await OffsetsAsync(host));
    }

    [Theory]
    [InlineData("{}", 400, "no place")]
    [InlineData("""{"to":"middle"}""", 400, "an unknown place")]
    [InlineData("""{"to":"earliest","value":1}""", 400, "a value where none belongs")]
    [InlineData("""{"to":"offset"}""", 400, "no offset")]
    [InlineData("""{"to":"offset","value":-1}""", 400, "a negative offset")]
    [InlineData("""{"to":"offset","value":"1"}""", 400, "an offset as text")]
    [InlineData("""{"to":"offset","value":1.5}""", 400, "half an offset")]
    [InlineData("""{"to":"shift","value":null}""", 400, "no number")]
    [InlineData("""{"to":"shift","value":9223372036854775808}""", 400, "a number that is too large")]
    [InlineData("""{"to":"timestamp","value":"yesterday"}""", 400, "no moment")]
    [InlineData("""{"to":"timestamp","value":-1}""", 400, "a moment before all")]
    [InlineData("""{"to":"timestamp","value":{"ms":1}}""", 400, "an object")]
    [InlineData("""{"to":"earliest","topics":[]}""", 400, "no topic")]
    [InlineData("""{"to":"earliest","topics":[{"topic_name":"t","partitions":[1,1]}]}""", 400, "a partition twice")]
    [InlineData("""{"to":"earliest","topics":[{"topic_name":"a b"}]}""", 400, "no topic name")]
    [InlineData("""{"to":"shift","value":1,"topics":[{"topic_name":"t"}]}""", 400, "a shift of nothing")]
    [InlineData("""{"to":"earliest","topics":[{"topic_name":"none"}]}""", 404, "an unknown topic")]
    [InlineData("""{"to":"earliest","topics":[{"topic_name":"t","partitions":[0,3]}]}""", 404, "an unknown partition")]
    [InlineData("""{"to":"earliest","dry":true}""", 400, "an unknown member")]
    public async Task A_reset_that_is_wrong_anywhere_changes_nothing(string body, int status, string reason)
    {
        await using var host = await StartAsync();
        var answer = await host.PostAsync(Path, Json, body);
        Assert.True((int)answer.Status == status && answer.Json.GetProperty("detail").GetString()!.Length > 20, $"{reason}: {answer.Text}");
        Assert.DoesNotContain("Loire.", answer.Text, StringComparison.Ordinal);
        Assert.Equal("4 9", await OffsetsAsync(host));
    }

    [Fact]
    public async Task A_partition_that_cannot_be_asked_stops_the_whole_reset()
    {
        await using var host = await StartAsync();
        host.Cluster.Partition("t", 1).BeforeOffsets = () => Task.FromResult(ErrorCode.NotLeaderOrFollower);
        await AssertProblem(host.PostAsync(Path, Json, """{"to":"earliest"}"""), 503, "NOT_LEADER_OR_FOLLOWER");
        Assert.Equal([4L, 9L], host.Cluster.Group("g").Commits.SelectMany(commit => commit.Offsets).Select(offset => offset.Offset.Value));
    }

    [Fact]
    public async Task A_reset_of_too_many_partitions_asks_for_fewer()
    {
        await using var host = await StartAsync();
        host.Cluster.AddTopic("wide", 10_000);
        var problem = await AssertProblem(
            host.PostAsync(Path, Json, """{"to":"earliest","topics":[{"topic_name":"wide"},{"topic_name":"t","partitions":[0]}]}"""),
            400,
            "INVALID_REQUEST");
        Assert.Contains("10000", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static async Task<ApiHost> StartAsync()
    {
        var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", 3);
        for (var partition = 0; partition < 3; partition++)
        {
            var log = host.Cluster.Partition("t", partition);
            for (var offset = 0; offset < 10; offset++)
            {
                log.Plant(Batches.Of(CompressionType.None, offset * 1_000, "r"));
            }

            log.LogStart = new Offset(2);
        }

        await CommitAsync(host, """{"topic_name":"t","partition":0,"offset":4},{"topic_name":"t","partition":1,"offset":9}""");
        return host;
    }

    private static async Task<string> OffsetsAsync(ApiHost host) => string.Join(
        ' ', (await host.GetAsync("/v1/groups/g/offsets")).Json.EnumerateArray().Select(row => row.GetProperty("offset").GetInt64()));
}
