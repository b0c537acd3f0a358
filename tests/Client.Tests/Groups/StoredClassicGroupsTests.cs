using System.Collections.Immutable;
using System.IO.Compression;
using System.Net;
using System.Text;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Loire.Silo;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Loire.Client.Tests.Groups;

/// <summary>
/// Stores with members of the classic protocol that earlier builds wrote open in this one, and their generations go on. With <c>LOIRE_WRITE_FIXTURE</c> set to a
/// file, this build writes such a store into it instead; a new stored format adds one here and keeps those that there are.
/// </summary>
public class StoredClassicGroupsTests
{
    private const string Topic = "jobs";
    private const string Subscription = "\0\u0001\0\0\0\u0001\0\u0004jobs\0\0\0\0\0\0\0\0";
    private static readonly TimeSpan Session = TimeSpan.FromMinutes(30);

    [Theory]
    [InlineData("2026-11-30-classic-groups")]
    public async Task A_store_with_classic_members_opens_and_their_generations_go_on(string name)
    {
        if (Environment.GetEnvironmentVariable("LOIRE_WRITE_FIXTURE") is { Length: > 0 } file)
        {
            await WriteAsync(file);
            return;
        }

        var data = Directory.CreateTempSubdirectory("loire-client-").FullName;
        try
        {
            ZipFile.ExtractToDirectory(Path.Combine(AppContext.BaseDirectory, "Fixtures", name + ".zip"), data);
            await using var node = await StartAsync(data);
            await GoOnAsync(node.Services.GetRequiredService<IGrainFactory>());
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task GoOnAsync(IGrainFactory grains)
    {
        // Both members of a stable group go on in their generation, under the ids and with the assignments that they had.
        var group = grains.GetGrain<IGroupGrain>("workers");
        var stable = (await group.Describe()).Group!;
        Assert.Equal(
            (GroupKind.Classic, GroupPhase.Stable, 2, "range", "consumer"), (stable.Kind, stable.Phase, stable.Epoch, stable.Assignor, stable.ProtocolType));
        Assert.Equal(["till", null], stable.Members.Select(member => member.InstanceId?.Value));
        foreach (var member in stable.Members)
        {
            var key = new ClassicMemberKey(member.MemberId, member.InstanceId, 2);
            Assert.Equal(ErrorCode.None, await group.HeartbeatClassic(key));
            var assignment = (await group.SyncClassic(new ClassicSync(key, "consumer", "range", []), CancellationToken.None)).Assignment;
            Assert.Equal(member.InstanceId is null ? "two" : "one", Encoding.UTF8.GetString(assignment.Span));
        }

        var committed = await group.Commit(new CommitRequest(
            stable.Members[1].MemberId, 2, [new CommittedOffset(new TopicPartition(Topic, 0), 6, LeaderEpoch.None, "", Timestamp.None)]));
        Assert.Equal((ErrorCode.None, new Offset(6)), (committed.Error, (await group.Offsets(null)).Offsets.Single().Offset));

        // A group whose generation never got its assignment begins with another number; one that has lost its members has its offsets.
        var begun = grains.GetGrain<IGroupGrain>("begun");
        Assert.Equal((GroupPhase.Empty, 0), ((await begun.Describe()).Group!.Phase, (await begun.Describe()).Group!.Epoch));
        Assert.Equal(2, (await begun.JoinClassic(Join("x"), CancellationToken.None)).Generation);
        var past = grains.GetGrain<IGroupGrain>("past");
        Assert.Equal((GroupPhase.Empty, 2, new Offset(3)), (
            (await past.Describe()).Group!.Phase, (await past.Describe()).Group!.Epoch, (await past.Offsets(null)).Offsets.Single().Offset));

        // In a group that assigns itself the classic member is one among others.
        var mixed = (await grains.GetGrain<IGroupGrain>("mixed").Describe()).Group!;
        Assert.Equal(GroupKind.Server, mixed.Kind);
        Assert.Equal(2, mixed.Members.Length);
        var classic = mixed.Members.Single(member => member.Classic is not null);
        Assert.Equal((Topic, "range"), (classic.Subscription.Topics.Single().Value, classic.Subscription.Classic.Single().Name));
    }

    private static async Task WriteAsync(string file)
    {
        var data = Directory.CreateTempSubdirectory("loire-client-").FullName;
        await using (var node = await StartAsync(data))
        {
            var grains = node.Services.GetRequiredService<IGrainFactory>();
            await new LoireClient(grains).Admin.CreateTopicAsync(new NewTopic(Topic, 2));
            var group = grains.GetGrain<IGroupGrain>("workers");
            var till = await group.JoinClassic(Join("a", "till"), CancellationToken.None);
            await SyncAsync(group, till, "till");
            var joining = group.JoinClassic(Join("b"), CancellationToken.None);
            till = await group.JoinClassic(Join("a", "till") with { MemberId = MemberId.Parse(till.MemberId) }, CancellationToken.None);
            var second = await joining;
            await SyncAsync(group, till, "till", new ClassicAssignment(till.MemberId, "one"u8.ToArray()), new ClassicAssignment(second.MemberId, "two"u8.ToArray()));

            // The static member has come back since.
            Assert.Equal(2, (await group.JoinClassic(Join("a", "till"), CancellationToken.None)).Generation);
            await grains.GetGrain<IGroupGrain>("begun").JoinClassic(Join("lost"), CancellationToken.None);
            var past = grains.GetGrain<IGroupGrain>("past");
            var gone = await past.JoinClassic(Join("gone"), CancellationToken.None);
            await past.LeaveClassic([new ClassicLeaver(MemberId.Parse(gone.MemberId), null)]);
            await past.Commit(new CommitRequest(null, -1, [new CommittedOffset(new TopicPartition(Topic, 0), 3, LeaderEpoch.None, "", Timestamp.None)]));
            var mixed = grains.GetGrain<IGroupGrain>("mixed");
            await mixed.Heartbeat(
                new HeartbeatRequest(
                    "server", null, 0, "server", "here",
                    new MemberSubscription([TopicName.Parse(Topic)], null, ["cooperative-sticky"], Session, Session), [], TimeSpan.Zero),
                CancellationToken.None);
            await mixed.JoinClassic(Join("classic"), CancellationToken.None);
        }

        File.Delete(file);
        ZipFile.CreateFromDirectory(data, file, CompressionLevel.SmallestSize, includeBaseDirectory: false);
        Directory.Delete(data, recursive: true);
    }

    private static ClassicJoin Join(string client, string? instance = null) => new(
        null, instance is null ? default(GroupInstanceId?) : GroupInstanceId.Parse(instance), client, "here", "consumer",
        [new ClassicProtocol("range", Encoding.UTF8.GetBytes(Subscription))], Session, Session);

    private static async Task SyncAsync(IGroupGrain group, ClassicJoined member, string instance, params ImmutableArray<ClassicAssignment> assignments)
    {
        var key = new ClassicMemberKey(MemberId.Parse(member.MemberId), GroupInstanceId.Parse(instance), member.Generation);
        Assert.Equal(ErrorCode.None, (await group.SyncClassic(new ClassicSync(key, null, null, assignments), CancellationToken.None)).Error);
    }

    private static async Task<WebApplication> StartAsync(string data)
    {
        var node = LoireHost.Build(new NodeOptions
        {
            Data = data,
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            LogLevel = LogLevel.Warning,
            GroupInitialRebalanceDelay = TimeSpan.Zero,
        });
        await node.StartAsync();
        return node;
    }
}
