using Avro;

namespace Loire.Client.Avro;

/// <summary>
/// Assigns ids to schemas and finds schemas by id, as Confluent's schema registry does. The schema of an id never changes. Called by
/// several threads at once.
/// </summary>
public interface ISchemaIds
{
    /// <summary>Registers a schema, unless it is registered, and returns its id. A serde calls this once per subject.</summary>
    /// <param name="subject">The topic and the part of the record, as in <c>orders-value</c> (Confluent's TopicNameStrategy).</param>
    /// <param name="schema">The schema that values are written with.</param>
    /// <param name="cancellation">Ends the wait.</param>
    ValueTask<int> RegisterAsync(string subject, Schema schema, CancellationToken cancellation);

    /// <summary>The schema of an id; null if it is unknown. A serde looks up a known id once, and an unknown one each time.</summary>
    ValueTask<Schema?> FindAsync(int id, CancellationToken cancellation);
}
