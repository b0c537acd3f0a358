using Loire.Model;

namespace Loire.Coordination.Groups.Classic;

/// <summary>A member of a classic group, and the calls of its that wait. Only the machine changes it.</summary>
internal sealed class ClassicMember(ClassicProfile profile, long number)
{
    /// <summary>Its identity, terms and last assignment.</summary>
    public ClassicProfile Profile { get; set; } = profile;

    /// <summary>The place in the order of joins.</summary>
    public long Number => number;

    public MemberId Id => Profile.MemberId;

    /// <summary>Whether it has not been answered yet, so that it does not know its id and cannot send heartbeats.</summary>
    public bool IsNew { get; set; }

    /// <summary>The JoinGroup that waits for the rebalance; null for none.</summary>
    public long? JoinCall { get; set; }

    /// <summary>The SyncGroup that waits for the assignment; null for none.</summary>
    public long? SyncCall { get; set; }

    /// <summary>What it says of a protocol; empty if it does not support it.</summary>
    public ReadOnlyMemory<byte> MetadataOf(string? protocol) => Profile.Protocols.FirstOrDefault(one => one.Name == protocol).Metadata;
}
