using System.Text.Json.Nodes;

namespace Loire.Cli.Tests;

/// <summary>How a group with members looks.</summary>
public sealed class GroupTableTests
{
    private static readonly Dictionary<string, string> Documents = new()
    {
        ["/v1/groups/my%20group"] =
            """
            {"group_id":"my group","kind":"SERVER","protocol_type":"consumer","phase":"RECONCILING","epoch":7,"assignor":"range","members":[
              {"member_id":"m-1","instance_id":null,"client_id":"app","host":"10.0.0.1","member_epoch":6,
               "assigned":[{"topic_name":"b","partition":10},{"topic_name":"b","partition":9}],"target":[{"topic_name":"b","partition":9}]},
              {"member_id":"m-2","instance_id":"static","client_id":"app","host":"10.0.0.2","member_epoch":7,
               "assigned":[{"topic_name":"gone","partition":0}],"target":[]}]}
            """,
        ["/v1/groups/my%20group/offsets"] =
            """
            [{"topic_name":"a","partition":0,"offset":1,"leader_epoch":null,"metadata":"","committed_at":1,"log_end_offset":null,"lag":null,
              "error":"NOT_LEADER_OR_FOLLOWER"},
             {"topic_name":"b","partition":9,"offset":5,"leader_epoch":2,"metadata":"x","committed_at":1,"log_end_offset":8,"lag":3,
              "error":null}]
            """,
        ["/v1/topics/b/partitions/10/offsets"] =
            """{"partition":10,"log_start_offset":0,"last_stable_offset":4,"high_watermark":4,"log_end_offset":4}""",
    };

    [Fact]
    public async Task Describe_shows_members_and_every_partition_with_its_lag_and_reader()
    {
        var documents = new Dictionary<string, string>(Documents)
        {
            ["/v1/topics/gone/partitions/0/offsets"] =
                """{"partition":0,"log_start_offset":0,"last_stable_offset":0,"high_watermark":0,"log_end_offset":0}""",
        };
        await using var node = new ScriptedNode(documents);
        using var shell = new Shell(node.Url);
        var table = (await shell.RunAsync("group", "describe", "my group")).AssertOk().Output;
        Assert.Equal(
            """
            group_id       my group
            kind           SERVER
            protocol_type  consumer
            phase          RECONCILING
            epoch          7
            assignor       range

            MEMBER_ID  INSTANCE_ID  CLIENT_ID  HOST      MEMBER_EPOCH  ASSIGNED  TARGET
            m-1        -            app        10.0.0.1             6         2       1
            m-2        static       app        10.0.0.2             7         1       0

            TOPIC_NAME  PARTITION  OFFSET  LOG_END_OFFSET  LAG  MEMBER_ID  ERROR
            a                   0       1               -    -  -          NOT_LEADER_OR_FOLLOWER
            b                   9       5               8    3  m-1        -
            b                  10       -               4    -  m-1        -
            gone                0       -               0    -  m-2        -

            """,
            table);

        var json = JsonNode.Parse((await shell.RunAsync("group", "describe", "my group", "-o", "json")).AssertOk().Output)!;
        Assert.Equal(2, json["members"]!.AsArray().Count);
        Assert.Equal("x", (string?)json["offsets"]![1]!["metadata"]);
        Assert.Equal(["a", "b", "b", "gone"], json["offsets"]!.AsArray().Select(row => (string)row!["topic_name"]!));
        Assert.Equal([null, "m-1", "m-1", "m-2"], json["offsets"]!.AsArray().Select(row => (string?)row!["member_id"]));
    }

    [Fact]
    public async Task The_total_lag_is_a_note_and_not_part_of_the_data()
    {
        await using var node = new ScriptedNode(Documents);
        using var shell = new Shell(node.Url);
        var outcome = await shell.RunAsync("group", "lag", "my group", "--verbose");
        Assert.Equal((0, "2 partitions, lag 3 in all\n"), (outcome.Exit, outcome.Error));
        Assert.Equal("TOPIC_NAME  PARTITION  OFFSET  LOG_END_OFFSET  LAG  ERROR", outcome.Lines[0]);
        Assert.Equal(3, outcome.Lines.Length);
    }
}
