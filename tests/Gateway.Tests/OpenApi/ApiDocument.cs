using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SyncCluster.Gateway.Tests.OpenApi;

/// <summary>The OpenAPI document as a client reads it.</summary>
internal sealed class ApiDocument(JsonNode root)
{
    private static readonly string[] Annotations = ["title", "description", "format"];

    public JsonNode Root => root;

    public IReadOnlyList<Operation> Operations { get; } =
    [
        .. from path in root["paths"]!.AsObject()
           from operation in path.Value!.AsObject()
           select new Operation(path.Key, operation.Key.ToUpperInvariant(), operation.Value!),
    ];

    public Operation this[string id] => Operations.Single(operation => operation.Id == id);

    /// <summary>The node, or the one that it refers to, with the last part of the reference.</summary>
    public (string Name, JsonNode Node) Resolve(JsonNode node)
    {
        if (node is not JsonObject || node["$ref"] is not { } reference)
        {
            return ("", node);
        }

        var parts = reference.GetValue<string>().Split('/');
        Assert.Equal("#", parts[0]);
        var found = parts.Skip(1).Aggregate<string, JsonNode?>(root, (at, part) => at?[part]);
        Assert.True(found is not null, $"{reference} refers to nothing");
        return (parts[^1], found);
    }

    public IEnumerable<(string Name, JsonNode Node)> Parameters(Operation operation) =>
        (operation.Json["parameters"]?.AsArray() ?? []).Select(node => Resolve(node!));

    /// <summary>What is wrong with a value by a schema: the keywords that the document uses, and no others.</summary>
    public IEnumerable<string> Faults(JsonNode schema, JsonNode? value, string at = "$")
    {
        var kind = value?.GetValueKind() switch
        {
            null => "null",
            System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => "boolean",
            System.Text.Json.JsonValueKind.Number when !value.ToJsonString().Contains('.', StringComparison.Ordinal) => "integer",
            { } other => other.ToString().ToLowerInvariant(),
        };
        return schema.AsObject().Where(keyword => !Annotations.Contains(keyword.Key)).SelectMany(keyword => (keyword.Key, Rule: keyword.Value!) switch
        {
            ("$ref", _) => Faults(Resolve(schema).Node, value, at),
            ("type", JsonArray types) => When(!types.Any(type => Is(type!, kind)), $"{at} is {kind}"),
            ("type", var type) => When(!Is(type, kind), $"{at} is {kind}"),
            ("enum", JsonArray values) => When(!values.Any(allowed => JsonNode.DeepEquals(allowed, value)), $"{at} is none of {values.ToJsonString()}"),
            ("pattern", var pattern) => When(
                kind == "string" && !Regex.IsMatch(value!.GetValue<string>(), pattern.GetValue<string>()), $"{at} is not {pattern}"),
            ("required", JsonArray names) => names.SelectMany(name => When(
                value is JsonObject named && !named.ContainsKey(name!.GetValue<string>()), $"{at} has no {name}")),
            ("properties", var properties) => value is JsonObject members
                ? members.Where(member => properties[member.Key] is not null)
                    .SelectMany(member => Faults(properties[member.Key]!, member.Value, $"{at}.{member.Key}"))
                : [],
            ("additionalProperties", var rest) => value is JsonObject members
                ? members.Where(member => schema["properties"]?[member.Key] is null).SelectMany(member =>
                    rest is JsonObject ? Faults(rest, member.Value, $"{at}.{member.Key}") : When(!rest.GetValue<bool>(), $"{at} has {member.Key}"))
                : [],
            ("items", var items) => value is JsonArray elements ? elements.SelectMany((element, i) => Faults(items, element, $"{at}[{i}]")) : [],
            ("anyOf", JsonArray choices) => When(choices.All(choice => Faults(choice!, value, at).Any()), $"{at} is none of its kinds"),
            _ => throw new NotSupportedException($"The keyword {keyword.Key} is not checked."),
        });
    }

    private static bool Is(JsonNode type, string kind) => type.GetValue<string>() is var name && (name == kind || (name == "number" && kind == "integer"));

    private static string[] When(bool wrong, string fault) => wrong ? [fault] : [];
}

/// <summary>One operation of the document.</summary>
internal sealed record Operation(string Path, string Method, JsonNode Json)
{
    public string Id => Json["operationId"]!.GetValue<string>();

    public JsonObject Responses => Json["responses"]!.AsObject();

    /// <summary>The status of its success.</summary>
    public int Success => Id == "ImportTask" ? 201 : Responses.Select(response => response.Key).Where(status => status[0] == '2').Select(int.Parse).Min();

    public override string ToString() => $"{Method} {Path}";
}
