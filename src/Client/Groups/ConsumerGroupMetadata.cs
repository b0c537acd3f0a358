using Loire.Model;

namespace Loire.Client;

/// <summary>
/// As which member of which group a consumer has read (KIP-447): with it a transaction commits the consumer's positions only while the partitions are the
/// consumer's.
/// </summary>
/// <param name="GroupId">The group.</param>
/// <param name="MemberId">The member; null for a consumer with manually assigned partitions.</param>
/// <param name="MemberEpoch">The member's epoch; −1 without a member.</param>
public sealed record ConsumerGroupMetadata(GroupId GroupId, MemberId? MemberId = null, int MemberEpoch = -1);
