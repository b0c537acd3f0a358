using Loire.Model;

namespace Loire.Client;

/// <summary>Why the records of a batch were not delivered; each of them makes its own exception of it.</summary>
internal sealed record DeliveryFailure(ErrorCode Code, bool IsOutcomeUnknown, string? Text, Exception? Inner)
{
    public ProduceException ToException(TopicPartition target) => new(Code, target, IsOutcomeUnknown, Text, Inner);
}
