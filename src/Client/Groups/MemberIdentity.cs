using Loire.Model;

namespace Loire.Client;

/// <summary>In whose name offsets are committed.</summary>
/// <param name="MemberId">The member; null from outside of the group.</param>
/// <param name="Epoch">Its epoch; −1 from outside.</param>
internal sealed record MemberIdentity(MemberId? MemberId, int Epoch)
{
    /// <summary>A consumer that assigns itself.</summary>
    public static MemberIdentity Outside { get; } = new(null, -1);
}
