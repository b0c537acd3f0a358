using Loire.KafkaGenerator.Code;
using Loire.KafkaGenerator.Schema;

// Writes src/Kafka/Protocol's generated files from its table: dotnet run --project build/KafkaGenerator -- src/Kafka/Protocol
if (args is not [var folder])
{
    Console.Error.WriteLine("usage: KafkaGenerator FOLDER, where FOLDER/Schema holds the table");
    return 2;
}

try
{
    var files = GeneratedFiles.Of(SchemaTable.Load(Path.Combine(folder, "Schema")));
    foreach (var stale in GeneratedFiles.In(folder).Where(file => !files.ContainsKey(Path.GetRelativePath(folder, file))))
    {
        File.Delete(stale);
    }

    foreach (var (path, text) in files)
    {
        File.WriteAllText(Path.Combine(folder, path), text);
    }

    Console.WriteLine($"{files.Count} files");
    return 0;
}
catch (SchemaException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
