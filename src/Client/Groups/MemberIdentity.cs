using Loire.Model;

namespace Loire.Client;

/// <summary>The identity that commits offsets.</summary>
/// <param name="MemberId">The member; null for a consumer outside the group.</param>
/// <param name="Epoch">The member's epoch; −1 outside the group.</param>
internal sealed record MemberIdentity(MemberId? MemberId, int Epoch)
{
    /// <summary>A consumer with manually assigned partitions.</summary>
    public static MemberIdentity Outside { get; } = new(null, -1);
}
