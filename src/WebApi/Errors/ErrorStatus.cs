using Loire.Model;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Errors;

/// <summary>The one mapping from Kafka's errors to HTTP. What is not listed is 503 if it is worth a retry, and the client's fault (400) if not.</summary>
internal static class ErrorStatus
{
    public static int Of(ErrorCode error) => error switch
    {
        ErrorCode.None => StatusCodes.Status200OK,
        ErrorCode.UnknownServerError => StatusCodes.Status500InternalServerError,

        ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId or ErrorCode.GroupIdNotFound or ErrorCode.UnknownMemberId
            or ErrorCode.ResourceNotFound or ErrorCode.TransactionalIdNotFound or ErrorCode.BrokerIdNotRegistered => StatusCodes.Status404NotFound,
        ErrorCode.OffsetOutOfRange => StatusCodes.Status416RangeNotSatisfiable,
        ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge => StatusCodes.Status413PayloadTooLarge,
        ErrorCode.CorruptMessage => StatusCodes.Status400BadRequest,

        ErrorCode.TopicAlreadyExists or ErrorCode.DuplicateResource or ErrorCode.NonEmptyGroup or ErrorCode.IllegalGeneration
            or ErrorCode.RebalanceInProgress or ErrorCode.ConcurrentTransactions or ErrorCode.OutOfOrderSequenceNumber
            or ErrorCode.DuplicateSequenceNumber or ErrorCode.InvalidProducerEpoch or ErrorCode.ProducerFenced
            or ErrorCode.InvalidTxnState or ErrorCode.InconsistentTopicId or ErrorCode.GroupSubscribedToTopic => StatusCodes.Status409Conflict,

        ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed
            or ErrorCode.TransactionalIdAuthorizationFailed or ErrorCode.PolicyViolation => StatusCodes.Status403Forbidden,
        ErrorCode.SaslAuthenticationFailed => StatusCodes.Status401Unauthorized,

        ErrorCode.ThrottlingQuotaExceeded => StatusCodes.Status429TooManyRequests,
        ErrorCode.RequestTimedOut => StatusCodes.Status504GatewayTimeout,
        ErrorCode.BrokerNotAvailable => StatusCodes.Status503ServiceUnavailable,

        _ => ErrorCodes.Describe(error).Retriable ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status400BadRequest,
    };
}
