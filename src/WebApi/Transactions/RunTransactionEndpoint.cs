using System.Text.Json;
using Loire.Edge.Offsets;
using Loire.Edge.Producing;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Groups;
using Loire.WebApi.Operations;
using Loire.WebApi.Records;
using Loire.WebApi.Records.Produce;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Transactions;

/// <summary>
/// <c>POST /v1/transactions</c>: appends records to several topics and commits offsets of groups in one transaction, which this node begins and ends. Once it
/// has begun it is ended whether or not the client waits for the answer.
/// </summary>
internal sealed class RunTransactionEndpoint(
    TransactionPool pool, TopicCache topics, OffsetLookup lookup, DirectAppends appends, IOptions<LoireApiOptions> options, ApiMetrics metrics,
    TimeProvider time)
{
    // Builders and the batches made of them, beside the body.
    private const int CopiesOfBody = 2;

    private readonly LoireApiOptions _options = options.Value;

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/transactions", RunAsync)
        .Describe(
            "runTransaction",
            "Appends records to several topics and commits offsets of groups, all or nothing",
            "Readers with read_committed see all of it or nothing, and offsets count with it. A problem document says in outcome whether the transaction is aborted: "
                + "then nothing of it counts and the request may be sent again; or unknown: it was committed or will be aborted. There is no Idempotency-Key here: a "
                + "repetition is recognized by the offsets of a group that it commits as a member, or by the reader.")
        .TakesAny<RunTransactionJson>(MediaTypes.Json)
        .AnswersAny<TransactionResultJson>(MediaTypes.Json)
        .Fails(400, 404, 406, 408, 409, 413, 415, 429, 503, 504);

    private async Task RunAsync(HttpContext context)
    {
        var problem = new QueryReader(context).Problem ?? MediaTypes.RefuseUnlessJson(context.Request)
            ?? (context.Request.Headers.ContainsKey(ProduceTerms.KeyHeader)
                ? ApiProblem.BadRequest($"A transaction has no {ProduceTerms.KeyHeader}: it may touch many partitions, and none of them remembers it as a whole.")
                : null);
        if (problem is not null)
        {
            await problem.WriteAsync(context);
            return;
        }

        var body = await RequestBody.ReadAllAsync(context, _options.MaxJsonProduceBytes);
        if (!await RequestMemory.Of(context).OfBody(context).HoldRecordsAsync(CopiesOfBody * body.Length, context.RequestAborted))
        {
            throw new RefusedRequestException(RequestMemory.NoRoom);
        }

        var gathered = new List<GatheredRecords>();
        try
        {
            var transaction = new TransactionBody();
            problem = await GatherAsync(transaction, JsonBody.Text(body), gathered, context.RequestAborted);
            context.Request.BodyReader.AdvanceTo(body.End);
            if (problem is not null)
            {
                await problem.WriteAsync(context);
                return;
            }

            await RunAsync(context, gathered, transaction.Groups);
        }
        finally
        {
            gathered.ForEach(records => records.Dispose());
        }
    }

    private async Task RunAsync(HttpContext context, List<GatheredRecords> gathered, List<TransactionOffsets> groups)
    {
        if (await pool.TakeAsync(context.RequestAborted) is not { } transaction)
        {
            await new ApiProblem(ErrorCode.ThrottlingQuotaExceeded, "The node runs as many transactions as it may; try again.").WriteAsync(context);
            return;
        }

        WholeAnswer[] answers = [.. gathered.Select(records => new WholeAnswer(records))];
        ApiProblem? problem;
        var (isUnknown, hasEnded) = (false, false);
        try
        {
            problem = await transaction.BeginAsync();
            if (problem is null)
            {
                problem = await WriteAsync(transaction, gathered, answers, groups);
                if (problem is null)
                {
                    (problem, isUnknown) = await transaction.CommitAsync();
                }
                else
                {
                    await transaction.AbortAsync();
                }
            }

            hasEnded = true;
        }
        finally
        {
            if (!hasEnded)
            {
                transaction.Abandon();
            }

            pool.Return(transaction);
        }

        if (problem is not null)
        {
            var members = problem.Members;
            await (problem with
            {
                Members = json =>
                {
                    members?.Invoke(json);
                    json.WriteString("outcome"u8, isUnknown ? "unknown"u8 : "aborted"u8);
                },
            }).WriteAsync(context);
            return;
        }

        metrics.Produced(answers.Sum(answer => answer.Accepted));
        context.Response.ContentType = MediaTypes.Json;
        using (var json = new Utf8JsonWriter(context.Response.BodyWriter, ApiProblem.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("outcome"u8, "committed"u8);
            json.WriteStartArray("topics"u8);
            foreach (var (records, answer) in gathered.Zip(answers))
            {
                json.WriteStartObject();
                json.WriteString("topic_name"u8, records.Topic.Name.Value);
                answer.WriteRecords(json);
                answer.WriteAccepted(json);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>Reads everything before anything is sent.</summary>
    private async Task<ApiProblem?> GatherAsync(
        TransactionBody body, ReadOnlyMemory<byte> source, List<GatheredRecords> gathered, CancellationToken cancellation)
    {
        if (body.Read(source.Span, _options.MaxTransactionTopics) is { } wrong)
        {
            return wrong;
        }

        foreach (var topic in body.Topics)
        {
            if (await GatherAsync(topic, source.Slice(topic.Start, topic.Length), gathered, cancellation) is { } problem)
            {
                return problem with
                {
                    Members = json =>
                    {
                        json.WriteString("topic_name"u8, topic.Name.Value);
                        problem.Members?.Invoke(json);
                    },
                };
            }
        }

        var count = gathered.Sum(records => records.Places.Count);
        return count == 0 && body.Groups.Count == 0 ? ApiProblem.BadRequest("A transaction has records or offsets.")
            : count > _options.MaxJsonProduceRecords
            ? new ApiProblem(ErrorCode.RecordListTooLarge, $"A transaction over HTTP has at most {_options.MaxJsonProduceRecords} records.")
            : await new LogOffsetLookup(topics, lookup, cancellation).FindMissingAsync(
                [.. body.Groups.SelectMany(group => group.Offsets).Select(offset => offset.Partition)]);
    }

    private async Task<ApiProblem?> GatherAsync(
        TransactionTopic topic, ReadOnlyMemory<byte> source, List<GatheredRecords> gathered, CancellationToken cancellation)
    {
        ApiProblem? problem = null;

        // A topic that has grown or allows more is asked once more.
        foreach (var maxAge in (TimeSpan[])[PartitionTarget.RoutesMaxAge, TopicCache.Fresh])
        {
            var found = await topics.FindAsync(topic.Name, maxAge, Timeout.InfiniteTimeSpan, cancellation);
            if (found.Topic is not { } routes)
            {
                return PartitionTarget.Problem(topic.Name, found);
            }

            var records = new GatheredRecords(routes, Random.Shared.Next(routes.PartitionsCount), _options, isTransactional: true);
            problem = DocumentProduce.AddArray(source.Span, records, Timestamp.From(time.GetUtcNow()));
            if (problem is null)
            {
                gathered.Add(records);
                return null;
            }

            records.Dispose();
            if (problem.Error is not (ErrorCode.UnknownTopicOrPartition or ErrorCode.MessageTooLarge))
            {
                break;
            }
        }

        return problem;
    }

    /// <summary>Appends all records, and then adds the offsets.</summary>
    private async Task<ApiProblem?> WriteAsync(
        ServerTransaction transaction, List<GatheredRecords> gathered, WholeAnswer[] answers, List<TransactionOffsets> groups)
    {
        var writes = gathered.SelectMany((records, topic) => records.Partitions.Keys.Select(partition => (Topic: topic, Partition: partition))).ToArray();
        var outcomes = await Task.WhenAll(writes.Select(write => appends.AppendAsync(
            gathered[write.Topic].Topic, write.Partition,
            new AppendRequest(gathered[write.Topic].Partitions[write.Partition].Encode(transaction.Producer, sequence: 0), Acks.All, Transaction: transaction.Id),
            isRepeatable: true)));
        foreach (var (write, outcome) in writes.Zip(outcomes))
        {
            answers[write.Topic].Add(write.Partition, outcome);
            if (outcome.Answer.Error != ErrorCode.None)
            {
                if (TopicRoutes.IsUnknown(outcome.Answer.Error))
                {
                    // A topic that was created again is found by the next request.
                    topics.Forget(gathered[write.Topic].Topic.Name);
                }

                return new ApiProblem(outcome.Answer.Error, outcome.Answer.Detail)
                {
                    Members = json =>
                    {
                        json.WriteString("topic_name"u8, gathered[write.Topic].Topic.Name.Value);
                        json.WriteNumber("partition"u8, write.Partition);
                    },
                };
            }
        }

        foreach (var group in groups)
        {
            if (await transaction.AddAsync(group) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }
}

/// <summary>A transaction that is committed.</summary>
/// <param name="Outcome">committed.</param>
/// <param name="Topics">Where the records are, in the order of the request.</param>
internal sealed record TransactionResultJson(string Outcome, TransactionTopicResultJson[] Topics);

/// <summary>What was appended to one topic, with an entry for each record.</summary>
internal sealed record TransactionTopicResultJson(
    string TopicName, ProducedRecordJson[] Records, long RecordsAccepted, long Acknowledged, ProducedPartitionJson[] Partitions);
