using System.Text.Json.Nodes;
using Loire.Cli.Failures;
using Loire.Cli.Node;

namespace Loire.Cli.Consume.Members;

/// <summary>
/// A member of a group that lives in the cluster, and what of it has been written. What the node gives is finished only when the receipt of
/// the answer goes back to it, so an answer that is lost, or is not written any more, comes again, here or at another member.
/// </summary>
internal sealed class MemberSession
{
    private const int MaxBytes = 1024 * 1024;
    private const int MaxRecords = 10_000;

    // No node gives this receipt: nothing is finished yet.
    private const string Nothing = "0";

    private readonly NodeClient _node;
    private readonly string _path;
    private string _receipt = Nothing;

    private MemberSession(NodeClient node, string group, string id)
    {
        _node = node;
        Id = id;
        _path = $"{NodeClient.GroupPath(group)}/members/{Uri.EscapeDataString(id)}";
    }

    public string Id { get; }

    /// <summary>Makes a member that subscribes.</summary>
    public static async Task<MemberSession> JoinAsync(NodeClient node, GroupSubscription wanted)
    {
        // Not to be interrupted: a member whose id nobody knows would keep its partitions until it is given up.
        var answer = await node.SendAsync(
            HttpMethod.Post, $"{NodeClient.GroupPath(wanted.Group)}/members", wanted.ToJson(), CancellationToken.None);
        var id = (string?)(answer.Document as JsonObject)?["member_id"] ?? throw NodeException.FromAnswer(201, null);
        return new MemberSession(node, wanted.Group, id);
    }

    /// <summary>Says that all up to the last <see cref="Finish"/> is finished, and takes the next records.</summary>
    public async Task<ReceivedLines> TakeAsync(long maxRecords, TimeSpan wait, CancellationToken cancellation)
    {
        var query = $"max_records={Math.Min(maxRecords, MaxRecords)}&max_bytes={MaxBytes}&max_wait_ms={(long)wait.TotalMilliseconds}";
        var (lines, receipt) = await _node.TakeAsync(
            $"{_path}/records?{query}&after={_receipt}&key_format=binary&value_format=binary", wait, cancellation);
        return new ReceivedLines(lines, receipt);
    }

    /// <summary>All of this answer is written and flushed.</summary>
    public void Finish(ReceivedLines written) => _receipt = written.Receipt;

    /// <summary>Has the node commit what is finished, and leaves.</summary>
    public async Task LeaveAsync(CancellationToken cancellation)
    {
        while (_receipt != Nothing)
        {
            try
            {
                // What this brings is not finished, and goes to whoever is next.
                await TakeAsync(1, TimeSpan.Zero, cancellation);
                break;
            }
            catch (NodeException newer) when (newer.Error == ErrorCode.RequestTimedOut)
            {
                // The request that was interrupted has overtaken this one on its way, and looks like a newer reader.
            }
        }

        await _node.SendAsync(HttpMethod.Delete, _path, null, cancellation);
    }
}
