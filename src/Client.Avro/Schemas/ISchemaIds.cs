using Avro;

namespace Loire.Client.Avro;

/// <summary>
/// Assigns ids to schemas and finds schemas by id, as Confluent's schema registry does. The schema of an id never changes. Called by
/// several threads at once.
/// </summary>
public interface ISchemaIds
{
    /// <summary>The id of a schema, which is registered if it is new. A serde asks once for each subject.</summary>
    /// <param name="subject">The topic and the part of the record, as in <c>orders-value</c> (Confluent's TopicNameStrategy).</param>
    /// <param name="schema">The schema that values are written with.</param>
    /// <param name="cancellation">Ends the wait.</param>
    ValueTask<int> RegisterAsync(string subject, Schema schema, CancellationToken cancellation);

    /// <summary>The schema of an id; null if it is unknown. A serde asks once for a known id, and each time for an unknown one.</summary>
    ValueTask<Schema?> FindAsync(int id, CancellationToken cancellation);
}
