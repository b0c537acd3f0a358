using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Loire.Edge.Producing;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Transactions;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Records.Produce;

/// <summary>A produce with <see cref="ProduceTerms"/>.</summary>
/// <param name="Type">What the body is, of the types of records that are not batches.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition that the query names; null for none.</param>
/// <param name="Key">The key of all records of a text or raw body; null for none.</param>
/// <param name="Terms">What else is asked for.</param>
internal sealed record WholeProduceRequest(string Type, TopicName Topic, int? Partition, byte[]? Key, ProduceTerms Terms);

/// <summary>
/// Appends a request as a whole: the body is held, nothing is appended unless all of it can be read, and each partition gets its records in one append, which
/// it can recognize and judge.
/// <para>
/// A key belongs to the topic and the partition that the request names. Without such a partition it has a home, which is asked first: it learns of the key
/// with the records that it gets, or with a batch without records, and refuses the key with another body before any other partition gets something. The
/// others are asked at once then; those that have their records since an earlier attempt recognize them.
/// </para>
/// </summary>
internal sealed class WholeProduce(TopicCache topics, DirectAppends appends, LoireApiOptions options, ApiMetrics metrics, TimeProvider time)
{
    // Builders and the batches made of them, beside the body.
    private const int CopiesOfBody = 2;

    public async Task RunAsync(HttpContext context, WholeProduceRequest request)
    {
        var body = await RequestBody.ReadAllAsync(context, options.MaxJsonProduceBytes);
        if (!await RequestMemory.Of(context).OfBody(context).HoldRecordsAsync(CopiesOfBody * body.Length, context.RequestAborted))
        {
            throw new RefusedRequestException(RequestMemory.NoRoom);
        }

        // A byte-order mark before values is kept.
        var source = request.Type == MediaTypes.Json ? JsonBody.Text(body) : body.IsSingleSegment ? body.First : body.ToArray();
        ApiProblem? problem = null;
        WholeAnswer? answer = null;

        // A topic that has grown, allows more, or was created again is asked once more.
        foreach (var maxAge in (TimeSpan[])[PartitionTarget.RoutesMaxAge, TopicCache.Fresh])
        {
            (answer, problem) = await AttemptAsync(context, request, source, maxAge);
            if (problem is not { Error: ErrorCode.MessageTooLarge or ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId or ErrorCode.InconsistentTopicId }
                || answer is { Accepted: > 0 })
            {
                break;
            }
        }

        context.Request.BodyReader.AdvanceTo(body.End);
        if (answer is { Accepted: > 0 })
        {
            metrics.Produced(answer.Accepted);
        }

        await (problem is not null ? problem.WriteAsync(context) : answer!.WriteAsync(context, hasRecords: request.Type == MediaTypes.Json));
    }

    private async Task<(WholeAnswer? Answer, ApiProblem? Problem)> AttemptAsync(
        HttpContext context, WholeProduceRequest request, ReadOnlyMemory<byte> source, TimeSpan maxAge)
    {
        var lookup = await topics.FindAsync(request.Topic, maxAge, Timeout.InfiniteTimeSpan, context.RequestAborted);
        if (lookup.Topic is not { } topic)
        {
            return (null, PartitionTarget.Problem(request.Topic, lookup));
        }

        if (request.Partition >= topic.PartitionsCount)
        {
            return (null, PartitionTarget.Unknown(topic, request.Partition.Value));
        }

        var home = request.Partition ?? request.Terms.HomeOf(topic.PartitionsCount);
        using var records = new GatheredRecords(topic, home, options);
        if (Gather(context, request, source, records) is { } problem)
        {
            return (null, problem);
        }

        if (records.Places.Count == 0)
        {
            return (null, ApiProblem.BadRequest("There is no record to append."));
        }

        var answer = new WholeAnswer(records);
        using var span = ApiTraces.StartSend(topic.Name.Value, request.Partition);
        using var content = Fingerprint(context, request, source.Span, topic.PartitionsCount);
        var terms = request.Terms.Resolve(request.Partition, content);
        await AppendAsync(records, home, terms, answer, context.Response);
        span.SetMessageCount(answer.Accepted);
        return (answer, answer.Failure is { } failure ? ProblemOf(failure, terms, answer, context.Response) : null);
    }

    private async Task AppendAsync(GatheredRecords records, int home, ProduceTerms terms, WholeAnswer answer, HttpResponse response)
    {
        int[] rest = [.. records.Partitions.Keys];
        if (terms.Key is not null)
        {
            var first = records.Partitions.ContainsKey(home)
                ? await AppendAsync(records, home, terms)
                : await appends.AppendAsync(
                    records.Topic, home, new AppendRequest(EmptyBatch.Build(terms.Producer, terms.Sequence), Acks.All), isRepeatable: true);
            if (first.Answer.Error != ErrorCode.None || records.Partitions.ContainsKey(home))
            {
                answer.Add(home, first);
            }

            rest = first.Answer.Error != ErrorCode.None ? [] : [.. rest.Where(partition => partition != home)];
        }

        var outcomes = await Task.WhenAll(rest.Select(partition => AppendAsync(records, partition, terms)));
        foreach (var (partition, outcome) in rest.Zip(outcomes))
        {
            answer.Add(partition, outcome);
        }

        if (terms.ExpectedOffset is not null && answer.Failure is null)
        {
            response.Headers.ETag = WholeAnswer.TagOf(answer.OffsetOf(home, records.Partitions[home].RecordsCount - 1) + 1);
        }
    }

    private Task<DirectAppend> AppendAsync(GatheredRecords records, int partition, ProduceTerms terms) => appends.AppendAsync(
        records.Topic, partition,
        new AppendRequest(records.Partitions[partition].Encode(terms.Producer, terms.Sequence), Acks.All, ExpectedOffset: terms.ExpectedOffset),
        isRepeatable: terms.Producer != ProducerIdentity.None);

    private ApiProblem? Gather(HttpContext context, WholeProduceRequest request, ReadOnlyMemory<byte> source, GatheredRecords records)
    {
        var now = Timestamp.From(time.GetUtcNow());
        switch (request.Type)
        {
            case MediaTypes.Json:
                return DocumentProduce.AddAll(source.Span, request.Partition, records, now);
            case MediaTypes.Raw:
                return DocumentProduce.AddRaw(context.Request.Headers, source.Span, request.Partition, request.Key, records, now);
        }

        LineProduce lines = request.Type == MediaTypes.Ndjson ? new NdjsonProduce(request.Partition) : new TextProduce(request.Partition, request.Key);
        var buffer = new ReadOnlySequence<byte>(source);
        lines.Take(ref buffer, isLast: true, records, now);
        return lines.Problem is { } problem ? problem with { Members = json => json.WriteNumber("line"u8, lines.Lines + 1) } : null;
    }

    /// <summary>What makes a request another one: everything that decides what is appended where.</summary>
    private static IncrementalHash Fingerprint(HttpContext context, WholeProduceRequest request, ReadOnlySpan<byte> source, int partitionsCount)
    {
        // Records go elsewhere once the topic has grown, unless the request names the partition.
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{request.Type}\n{(request.Partition is null ? partitionsCount : 0)}\n{(request.Key is null ? "-" : "k" + Convert.ToHexString(request.Key))}\n")));
        if (request.Type == MediaTypes.Raw)
        {
            foreach (var (name, values) in context.Request.Headers.OrderBy(header => header.Key, StringComparer.OrdinalIgnoreCase))
            {
                if (name.StartsWith("Record-", StringComparison.OrdinalIgnoreCase))
                {
                    foreach (var value in values)
                    {
                        hash.AppendData(Encoding.UTF8.GetBytes($"{name.ToLowerInvariant()}:{value}\n"));
                    }
                }
            }
        }

        hash.AppendData(source);
        return hash;
    }

    private static ApiProblem ProblemOf(DirectAppend failure, ProduceTerms terms, WholeAnswer answer, HttpResponse response)
    {
        var again = terms.Key is null ? "" : " The same request with the same key completes it.";
        if (failure.IsOutcomeUnknown)
        {
            return new ApiProblem(ErrorCode.RequestTimedOut, $"No answer came; the records may have been appended.{again}") { Members = answer.WriteAccepted };
        }

        var (error, detail) = (failure.Answer.Error, failure.Answer.Detail);
        if (error == ErrorCode.DuplicateResource)
        {
            return new ApiProblem(
                error, $"The {ProduceTerms.KeyHeader} was used with another body, or the topic has got partitions since.", StatusCodes.Status422UnprocessableEntity)
            {
                Members = answer.WriteAccepted,
            };
        }

        if (error != ErrorCode.OffsetOutOfRange || failure.Answer.EndOffset is not { } end)
        {
            return new ApiProblem(error, detail is null || answer.Accepted == 0 ? detail : detail + again) { Members = answer.WriteAccepted };
        }

        response.Headers.ETag = WholeAnswer.TagOf(end);
        return new ApiProblem(error, detail, StatusCodes.Status412PreconditionFailed)
        {
            Members = json =>
            {
                json.WriteNumber("expected_offset"u8, terms.ExpectedOffset!.Value.Value);
                json.WriteNumber("end_offset"u8, end.Value);
                answer.WriteAccepted(json);
            },
        };
    }
}
