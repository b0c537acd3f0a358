using System.Text.Json.Nodes;
using Loire.Cli.Failures;
using Loire.Cli.Node;

namespace Loire.Cli.Consume.Members;

/// <summary>
/// A group member in the cluster, and the receipt of the last response. Records count as finished only once the receipt of their response
/// is returned to the node, so the records of a lost or unwritten response are sent again, to this or another member.
/// </summary>
internal sealed class MemberSession
{
    private const int MaxBytes = 1024 * 1024;
    private const int MaxRecords = 10_000;

    // No node issues this receipt: nothing is finished yet.
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

    /// <summary>Creates the member with its subscription.</summary>
    public static async Task<MemberSession> JoinAsync(NodeClient node, GroupSubscription wanted)
    {
        // Not cancellable: a member whose id is lost would keep its partitions until its interval expires.
        var answer = await node.SendAsync(
            HttpMethod.Post, $"{NodeClient.GroupPath(wanted.Group)}/members", wanted.ToJson(), CancellationToken.None);
        var id = (string?)(answer.Document as JsonObject)?["member_id"] ?? throw NodeException.FromAnswer(201, null);
        return new MemberSession(node, wanted.Group, id);
    }

    /// <summary>Returns the receipt of what is finished, and fetches the next records.</summary>
    public async Task<ReceivedLines> TakeAsync(long maxRecords, TimeSpan wait, CancellationToken cancellation)
    {
        var query = $"max_records={Math.Min(maxRecords, MaxRecords)}&max_bytes={MaxBytes}&max_wait_ms={(long)wait.TotalMilliseconds}";
        var (lines, receipt) = await _node.TakeAsync(
            $"{_path}/records?{query}&after={_receipt}&key_format=binary&value_format=binary", wait, cancellation);
        return new ReceivedLines(lines, receipt);
    }

    /// <summary>Marks all records of a response as written and flushed.</summary>
    public void Finish(ReceivedLines written) => _receipt = written.Receipt;

    /// <summary>Makes the node commit what is finished, and leaves the group.</summary>
    public async Task LeaveAsync(CancellationToken cancellation)
    {
        while (_receipt != Nothing)
        {
            try
            {
                // The records of this response are not finished, and go to the next owner.
                await TakeAsync(1, TimeSpan.Zero, cancellation);
                break;
            }
            catch (NodeException newer) when (newer.Error == ErrorCode.RequestTimedOut)
            {
                // The interrupted request has overtaken this one and looks like a newer reader.
            }
        }

        await _node.SendAsync(HttpMethod.Delete, _path, null, cancellation);
    }
}
