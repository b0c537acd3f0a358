namespace Loire.Cli.Tests;

/// <summary>How transactions look that a node of one partition does not have, and command lines that ask for none.</summary>
public sealed class TransactionTableTests
{
    [Fact]
    public async Task What_cannot_be_asked_has_a_column_and_a_search_that_lacks_it_fails()
    {
        await using var node = new ScriptedNode(new()
        {
            ["/v1/transactions?state=Ongoing&duration_ms=60000&limit=1000"] =
                """
                [{"transactional_id":"a","producer_id":17,"state":"Ongoing","duration_ms":61000,"error":null},
                 {"transactional_id":"b","producer_id":null,"state":null,"duration_ms":null,"error":"REQUEST_TIMED_OUT"}]
                """,
            ["/v1/transactions:hanging?limit=20"] =
                """
                [{"topic_name":"t","partition":0,"producer_id":null,"producer_epoch":null,"transaction_start_offset":null,"last_timestamp":null,"error":"REQUEST_TIMED_OUT"},
                 {"topic_name":"t","partition":1,"producer_id":7,"producer_epoch":3,"transaction_start_offset":12,"last_timestamp":1000,"error":null}]
                """,
        });
        using var shell = new Shell(node.Url);
        Assert.Equal(
            """
            TRANSACTIONAL_ID  PRODUCER_ID  STATE    DURATION_MS  ERROR
            a                          17  Ongoing        61000  -
            b                           -  -                  -  REQUEST_TIMED_OUT

            """,
            (await shell.RunAsync("txn", "list", "--state", "Ongoing", "--older-than", "1m")).AssertOk().Output);
        var hanging = await shell.RunAsync("txn", "hanging", "-v");
        Assert.Equal((1, "1 transactions hang, 1 partitions could not be asked\n"), (hanging.Exit, hanging.Error));
        Assert.Equal(
            """
            TOPIC_NAME  PARTITION  PRODUCER_ID  PRODUCER_EPOCH  TRANSACTION_START_OFFSET  LAST_TIMESTAMP  ERROR
            t                   0            -               -                         -               -  REQUEST_TIMED_OUT
            t                   1            7               3                        12            1000  -

            """,
            hanging.Output);
    }

    [Fact]
    public async Task A_description_has_partitions_and_groups_below_it()
    {
        await using var node = new ScriptedNode(new()
        {
            ["/v1/transactions/my%20id%2F1"] =
                """
                {"transactional_id":"my id/1","state":"PrepareCommit","producer_id":7,"producer_epoch":3,"timeout_ms":60000,"started_at":1000,"duration_ms":5,
                 "partitions":[{"topic_name":"t","partition":0},{"topic_name":"t","partition":10}],"groups":["desk"]}
                """,
        });
        using var shell = new Shell(node.Url);
        Assert.Equal(
            """
            transactional_id  my id/1
            state             PrepareCommit
            producer_id       7
            producer_epoch    3
            timeout_ms        60000
            started_at        1000
            duration_ms       5

            TOPIC_NAME  PARTITION
            t                   0
            t                  10

            GROUP_ID
            desk

            """,
            (await shell.RunAsync("txn", "describe", "my id/1")).AssertOk().Output);
    }

    [Theory]
    [InlineData("txn", "no command")]
    [InlineData("txn list --state ongoing", "no state")]
    [InlineData("txn list --older-than 15", "an age without a unit")]
    [InlineData("txn list --older-than 25d", "an age beyond all transactions")]
    [InlineData("txn list --producer-id x", "no number")]
    [InlineData("txn describe", "no id")]
    [InlineData("txn describe ..", "an id that cannot be asked for")]
    [InlineData("txn abort .", "an id that cannot be asked for")]
    [InlineData("txn hanging -p 0", "a partition without a topic")]
    [InlineData("txn hanging a/b", "no topic name")]
    [InlineData("producer list", "no topic")]
    [InlineData("producer list t x", "no number of a partition")]
    public async Task A_wrong_command_line_is_exit_code_2_and_one_line(string line, string reason)
    {
        using var shell = new Shell(new Uri("http://127.0.0.1:1"));
        var outcome = await shell.RunAsync(line.Split(' '));
        Assert.True(outcome.Exit == 2, $"{reason}: {outcome}");
        Assert.Equal((1, ""), (outcome.Error.Count(character => character == '\n'), outcome.Output));
    }
}
