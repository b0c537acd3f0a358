using System.Text.RegularExpressions;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;

namespace Loire.Kafka.Handlers;

/// <summary>
/// ApiVersions 0 to 4: which APIs are served, in which versions (KIP-35, KIP-511). Answered at once, by the connection alone. A version that is not served is answered in
/// version 0 with an error and with the range of ApiVersions itself, as Kafka does: a client that gets the whole list there does not ask again, and so never learns the
/// features.
/// </summary>
/// <param name="apis">All that are served, this one included.</param>
internal sealed partial class ApiVersionsHandler(Lazy<ServedApis> apis) : KafkaHandler<ApiVersionsRequest>(ApiKey.ApiVersions, 0, 4)
{
    /// <summary>The dialect of transactions in which each one raises the producer's epoch (KIP-890).</summary>
    private const string TransactionVersion = "transaction.version";

    protected override ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, ApiVersionsRequest request)
    {
        if (context.Version >= 3 && !(Name().IsMatch(request.ClientSoftwareName) && Name().IsMatch(request.ClientSoftwareVersion)))
        {
            return new(new ApiVersionsResponse { ErrorCode = ErrorCode.InvalidRequest });
        }

        return new(new ApiVersionsResponse
        {
            ApiKeys = [.. apis.Value.All.Select(Describe)],
            SupportedFeatures = [new() { Name = TransactionVersion, MinVersion = 0, MaxVersion = 2 }],
            FinalizedFeatures = [new() { Name = TransactionVersion, MinVersionLevel = 2, MaxVersionLevel = 2 }],
            FinalizedFeaturesEpoch = 0,
        });
    }

    protected override IKafkaMessage Refuse(HandlerContext context, ApiVersionsRequest request, ErrorCode error) =>
        new ApiVersionsResponse { ErrorCode = error, ApiKeys = error == ErrorCode.UnsupportedVersion ? [Describe(this)] : [] };

    private static ApiVersionsResponse.ApiRange Describe(IKafkaHandler handler) =>
        new() { ApiKey = (short)handler.Api.Key, MinVersion = handler.MinVersion, MaxVersion = handler.MaxVersion };

    [GeneratedRegex(@"^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
