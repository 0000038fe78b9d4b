using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SyncCluster.Grains.Tests.Tasks;

/// <summary>The part of JSON Schema (draft 2020-12) that a task's schema uses. A keyword that it does not know is a fault of the test.</summary>
internal static class SchemaSubset
{
    private static readonly string[] Annotations = ["$schema", "title", "description", "default", "contentEncoding"];

    public static bool Accepts(JsonNode schema, JsonNode? value) => schema.AsObject().All(keyword => Holds(keyword.Key, keyword.Value!, value));

    private static bool Holds(string keyword, JsonNode rule, JsonNode? value) => keyword switch
    {
        "type" => (rule is JsonArray types ? types.Select(type => (string)type!) : [(string)rule!]).Contains(TypeOf(value)),
        "const" => JsonNode.DeepEquals(rule, value),
        "enum" => rule.AsArray().Any(one => JsonNode.DeepEquals(one, value)),
        "not" => !Accepts(rule, value),
        "anyOf" => rule.AsArray().Any(one => Accepts(one!, value)),
        "oneOf" => rule.AsArray().Count(one => Accepts(one!, value)) == 1,
        "minLength" => TypeOf(value) != "string" || ((string)value!).EnumerateRunes().Count() >= (int)rule,
        "maxLength" => TypeOf(value) != "string" || ((string)value!).EnumerateRunes().Count() <= (int)rule,
        "pattern" => TypeOf(value) != "string" || Regex.IsMatch((string)value!, (string)rule!),
        "minItems" => value is not JsonArray array || array.Count >= (int)rule,
        "maxItems" => value is not JsonArray array || array.Count <= (int)rule,
        "items" => value is not JsonArray array || array.All(element => Accepts(rule, element)),
        "prefixItems" => value is not JsonArray array || array.Zip(rule.AsArray()).All(pair => Accepts(pair.Second!, pair.First)),
        "required" => rule.AsArray().All(name => value!.AsObject().ContainsKey((string)name!)),
        "properties" => rule.AsObject().All(member => !value!.AsObject().TryGetPropertyValue(member.Key, out var given) || Accepts(member.Value!, given)),
        _ => Annotations.Contains(keyword) ? true : throw new NotSupportedException($"The test does not know {keyword}."),
    };

    private static string TypeOf(JsonNode? value) => value?.GetValueKind() switch
    {
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Array => "array",
        JsonValueKind.Object => "object",
        _ => "null",
    };
}
