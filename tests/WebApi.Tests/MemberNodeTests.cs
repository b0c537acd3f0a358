using System.Net;
using System.Text.Json;
using static Loire.WebApi.Tests.GroupTests;

namespace Loire.WebApi.Tests;

/// <summary>Members over HTTP before the real consumers, groups and logs.</summary>
public sealed class MemberNodeTests
{
    private const string Json = "application/json";

    [Fact]
    public async Task Two_members_share_the_partitions_and_who_stays_gets_what_the_other_leaves_though_answers_are_lost()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LOIRE_SEED"), out var given) ? given : Random.Shared.Next();
        var random = new Random(seed);
        await using var node = await NodeHost.StartAsync();
        await FillAsync(node, partitions: 4, from: 0, count: 100);
        var (first, second) = (await JoinAsync(node), await JoinAsync(node));
        var seen = new HashSet<string>();
        while (seen.Count < 400 || first.Partitions.Overlaps(second.Partitions) || first.Partitions.Count + second.Partitions.Count < 4)
        {
            foreach (var member in new[] { first, second })
            {
                await member.ReadAsync(random, seen);
                member.Partitions = await AssignmentAsync(node, member.Path);
            }
        }

        Assert.True((first.Partitions.Count, second.Partitions.Count) == (2, 2), $"seed {seed}");
        Assert.Equal(new[] { first.Id, second.Id }.Order(StringComparer.Ordinal), await MembersAsync(node));

        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(node, first.Path)).Status);
        await FillAsync(node, partitions: 4, from: 100, count: 10);
        while (seen.Count < 440)
        {
            await second.ReadAsync(random, seen);
        }

        // Only a receipt says that the last answer arrived.
        await second.ReadAsync(new Random(0), seen, mayLose: false);
        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(node, second.Path)).Status);
        var offsets = (await node.GetAsync("/v1/groups/g/offsets")).Json.EnumerateArray().Select(row => row.GetProperty("lag").GetInt64());
        Assert.Equal([0L, 0L, 0L, 0L], offsets);
        await AssertProblem(node.GetAsync(second.Path + "/records"), 404, "UNKNOWN_MEMBER_ID");
    }

    [Fact]
    public async Task What_was_not_received_is_not_committed_by_leaving()
    {
        await using var node = await NodeHost.StartAsync();
        await FillAsync(node, partitions: 1, from: 0, count: 10);
        var member = await JoinAsync(node);
        var answer = await member.TakeAsync("?max_records=4&max_wait_ms=30000");
        await member.TakeAsync($"?max_records=4&max_wait_ms=30000&after={answer.Header("Next-After")}");
        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(node, member.Path)).Status);
        Assert.Equal("4", await OffsetsAsync(node));

        var next = await JoinAsync(node);
        Assert.Equal(["0 4", "0 5"], Lines(await next.TakeAsync("?max_records=2&max_wait_ms=30000")));
        Assert.Equal(HttpStatusCode.NoContent, (await node.SendAsync(HttpMethod.Put, next.Path + "/offsets", null, null)).Status);
        Assert.Equal("6", await OffsetsAsync(node));
    }

    [Fact]
    public async Task A_member_that_commits_itself_commits_what_it_says_and_goes_where_it_says()
    {
        await using var node = await NodeHost.StartAsync();
        await FillAsync(node, partitions: 1, from: 0, count: 10);
        var member = await JoinAsync(node, ",\"enable_auto_commit\":false");
        Assert.Equal(10, Lines(await member.TakeAsync("?max_wait_ms=30000")).Length);
        await member.TakeAsync("");
        Assert.Equal(HttpStatusCode.NoContent, (await PutAsync(node, member.Path + "/offsets", Offset(7))).Status);
        const string Back = """{"positions":[{"topic_name":"t","partition":0,"to":"offset","value":8}]}""";
        Assert.Equal(HttpStatusCode.NoContent, (await node.PostAsync(member.Path + "/positions", Json, Back)).Status);
        Assert.Equal(["0 8", "0 9"], Lines(await member.TakeAsync("?max_wait_ms=30000")));
        var elsewhere = Back.Replace("\"partition\":0", "\"partition\":5", StringComparison.Ordinal);
        await AssertProblem(node.PostAsync(member.Path + "/positions", Json, elsewhere), 400, "INVALID_REQUEST");
        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(node, member.Path)).Status);
        Assert.Equal("7", await OffsetsAsync(node));
        await AssertProblem(PutAsync(node, member.Path + "/offsets", Offset(9)), 404, "UNKNOWN_MEMBER_ID");
    }

    [Fact]
    public async Task A_member_that_stops_asking_ends_and_its_partitions_go_to_others()
    {
        await using var node = await NodeHost.StartAsync();
        await FillAsync(node, partitions: 2, from: 0, count: 5);
        var lazy = await JoinAsync(node, ",\"max_poll_interval_ms\":1500");
        Assert.NotEmpty(Lines(await lazy.TakeAsync("?max_records=1&max_wait_ms=30000")));
        var busy = await JoinAsync(node);
        var seen = new HashSet<string>();
        while (seen.Count < 10)
        {
            await busy.ReadAsync(new Random(0), seen, mayLose: false);
        }

        await AssertProblem(node.GetAsync(lazy.Path), 404, "UNKNOWN_MEMBER_ID");
        Assert.Equal([busy.Id], await MembersAsync(node));
    }

    [Fact]
    public async Task A_static_member_that_comes_again_takes_the_place_of_the_one_before()
    {
        await using var node = await NodeHost.StartAsync();
        await FillAsync(node, partitions: 1, from: 0, count: 3);
        var before = await JoinAsync(node, ",\"instance_id\":\"i\"");
        var answer = await before.TakeAsync("?max_records=1&max_wait_ms=30000");
        await before.TakeAsync($"?max_records=1&after={answer.Header("Next-After")}");
        var again = await JoinAsync(node, ",\"instance_id\":\"i\"");
        var records = Lines(await again.TakeAsync("?max_wait_ms=30000"));
        Assert.Equal("0 2", records[^1]);
        var member = Assert.Single((await node.GetAsync("/v1/groups/g/members")).Json.EnumerateArray());
        Assert.Equal((again.Id, "i"), (member.GetProperty("member_id").GetString(), member.GetProperty("instance_id").GetString()));
        Answered refused;
        do
        {
            // It may have had records in hand when it lost its place.
            refused = await before.TakeAsync("?max_wait_ms=30000");
        }
        while (refused.Status == HttpStatusCode.OK && refused.Text != "[]");

        Assert.Contains(refused.Json.GetProperty("code").GetString(), (string[])["FENCED_INSTANCE_ID", "UNKNOWN_MEMBER_ID"]);
    }

    [Fact]
    public async Task Events_that_break_off_go_on_behind_the_last_one_that_arrived()
    {
        await using var node = await NodeHost.StartAsync();
        await FillAsync(node, partitions: 1, from: 0, count: 6);
        var member = await JoinAsync(node);
        var (seen, id) = (new List<string>(), (string?)null);
        while (seen.Count < 6)
        {
            await using var tail = await Tail.OpenAsync(node, member.Path + "/records?max_records=2", id);
            var arrived = await tail.NextAsync();
            while (arrived.EventType == "heartbeat")
            {
                arrived = await tail.NextAsync();
            }

            // What the stream before had asked for may come to the consumer after this one's question, as if somebody newer read.
            if (arrived.EventType != "error")
            {
                seen.AddRange(Lines(arrived.Data));
                id = tail.LastEventId;
            }
        }

        Assert.Equal(["0 0", "0 1", "0 2", "0 3", "0 4", "0 5"], seen);
        Assert.Equal("[]", (await member.TakeAsync($"?after={id}")).Text);
        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(node, member.Path)).Status);
        Assert.Equal("6", await OffsetsAsync(node));
    }

    [Fact]
    public async Task Partitions_assigned_by_hand_are_read_past_the_group_and_a_pattern_finds_topics_that_come_later()
    {
        await using var node = await NodeHost.StartAsync();
        await FillAsync(node, partitions: 2, from: 0, count: 3);
        var byHand = new Reader(node, await CreateAsync(node, """{"auto_offset_reset":"earliest"}"""));
        await AssertProblem(byHand.TakeAsync(""), 400, "INVALID_REQUEST");
        var assigned = await PutAsync(node, byHand.Path + "/assignment", """{"partitions":[{"topic_name":"t","partition":1}]}""");
        Assert.Equal(HttpStatusCode.OK, assigned.Status);
        Assert.Equal(["1 0", "1 1", "1 2"], Lines(await byHand.TakeAsync("?max_wait_ms=30000")));
        await AssertProblem(PutAsync(node, byHand.Path + "/subscription", """{"topics":["t"]}"""), 400, "INVALID_REQUEST");

        await AssertProblem(node.PostAsync("/v1/groups/g/members", Json, """{"topic_pattern":"(("}"""), 400, "INVALID_REGULAR_EXPRESSION");
        var pattern = new Reader(node, await CreateAsync(node, """{"topic_pattern":"t-[0-9]","auto_offset_reset":"earliest"}"""));
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t-1"}""");
        await node.PostAsync("/v1/topics/t-1/records", "text/plain", "a\n");
        var seen = new HashSet<string>();
        while (seen.Count == 0)
        {
            await pattern.ReadAsync(new Random(0), seen, mayLose: false);
        }
    }

    private static string Offset(int offset) => $$"""{"offsets":[{"topic_name":"t","partition":0,"offset":{{offset}}}]}""";

    private static async Task FillAsync(NodeHost node, int partitions, int from, int count)
    {
        await node.PostAsync("/v1/topics", Json, $$"""{"topic_name":"t","partitions_count":{{partitions}}}""");
        for (var partition = 0; partition < partitions; partition++)
        {
            var lines = string.Concat(Enumerable.Range(from, count).Select(i => $"{i}\n"));
            var produced = await node.PostAsync($"/v1/topics/t/records?partition={partition}", "text/plain", lines);
            Assert.Equal(HttpStatusCode.OK, produced.Status);
        }
    }

    private static async Task<Reader> JoinAsync(NodeHost node, string more = "") => new(
        node, await CreateAsync(node, $$"""{"topics":["t"],"auto_offset_reset":"earliest"{{more}}}"""));

    private static async Task<string> CreateAsync(NodeHost node, string body)
    {
        var made = await node.PostAsync("/v1/groups/g/members", Json, body);
        Assert.True(made.Status == HttpStatusCode.Created, made.Text);
        return made.Header("Location");
    }

    private static async Task<string> OffsetsAsync(NodeHost node) => string.Join(
        ' ', (await node.GetAsync("/v1/groups/g/offsets")).Json.EnumerateArray().Select(row => row.GetProperty("offset").GetInt64()));

    private static async Task<string[]> MembersAsync(NodeHost node) =>
    [
        .. (await node.GetAsync("/v1/groups/g/members")).Json.EnumerateArray().Select(member => member.GetProperty("member_id").GetString()!),
    ];

    private static async Task<HashSet<int>> AssignmentAsync(NodeHost node, string path)
    {
        var assignment = (await node.GetAsync(path)).Json.GetProperty("assignment");
        return [.. assignment.EnumerateArray().Select(place => place.GetProperty("partition").GetInt32())];
    }

    private static string[] Lines(Answered answer)
    {
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return Lines(answer.Text);
    }

    // The value of each record is its offset.
    private static string[] Lines(string records) =>
    [
        .. JsonDocument.Parse(records).RootElement.EnumerateArray()
            .Select(record => $"{record.GetProperty("partition").GetInt32()} {record.GetProperty("value").GetString()}"),
    ];

    /// <summary>A client that goes by receipts.</summary>
    private sealed class Reader(NodeHost node, string path)
    {
        // Of no delivery, so that even the first answer may be lost.
        private string _receipt = "0";

        public string Path => path;

        public string Id => path.Split('/')[^1];

        public HashSet<int> Partitions { get; set; } = [];

        public Task<Answered> TakeAsync(string query) => node.GetAsync($"{path}/records{query}");

        /// <summary>Takes some records; one answer of three is lost on the way.</summary>
        public async Task ReadAsync(Random random, HashSet<string> seen, bool mayLose = true)
        {
            var answer = await TakeAsync($"?max_records={random.Next(1, 20)}&max_wait_ms=200&after={_receipt}");
            var lines = Lines(answer);
            if (mayLose && random.Next(3) == 0)
            {
                return;
            }

            _receipt = answer.Header("Next-After");
            seen.UnionWith(lines);
        }
    }
}
