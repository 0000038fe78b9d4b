using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks;

/// <summary>
/// The arguments of a task as a JSON Schema (draft 2020-12) of a call's body: what <see cref="ArgumentCheck"/> accepts, as far as a schema can say it. Values
/// in the form <c>{"order":n,"value":v}</c> are not in it.
/// </summary>
internal static class ArgumentSchema
{
    private const string DatePattern = @"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,7})?)?(Z|[+-]\d{2}:\d{2})?)?$";
    private const string FilePattern = "^[Dd][Aa][Tt][Aa]:[^,]*;[Bb][Aa][Ss][Ee]64,[A-Za-z0-9+/]*={0,2}$";

    public static byte[] Render(TaskDefinition task)
    {
        var arguments = task.Arguments.OrderBy(argument => argument.Order).Select(argument => (Argument: argument, Definition: ArgumentDefinition.Of(argument))).ToArray();
        var least = Math.Max(
            arguments.Count(argument => !argument.Argument.IsFixed),
            Array.FindLastIndex(arguments, argument => !argument.Argument.IsFixed && argument.Definition.Required) + 1);
        return JsonText.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
            json.WriteString("title", task.Name);
            json.WriteString("description", task.Description);
            json.WriteString("type", "object");
            json.WriteStartObject("properties");
            json.WriteStartObject("task_arguments");
            json.WriteString("type", "array");
            json.WriteNumber("minItems", least);
            json.WriteNumber("maxItems", arguments.Length);
            if (arguments.Length > 0)
            {
                json.WriteStartArray("prefixItems");
                foreach (var (argument, definition) in arguments)
                {
                    WriteArgument(json, task.ArgumentsType, argument, definition);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartArray("required");
            if (least > 0)
            {
                json.WriteStringValue("task_arguments");
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void WriteArgument(Utf8JsonWriter json, ArgumentsType type, TaskArgument argument, ArgumentDefinition definition)
    {
        json.WriteStartObject();
        json.WriteString("title", argument.Label);
        if (argument.IsFixed)
        {
            json.WriteString("description", "Fixed: what stands here is ignored.");
            json.WriteEndObject();
            return;
        }

        if (definition.Help.Length > 0)
        {
            json.WriteString("description", definition.Help);
        }

        if (definition.Default is not null)
        {
            json.WritePropertyName("default");
            json.WriteRawValue(definition.Default, skipInputValidation: true);
        }

        json.WriteStartArray("anyOf");
        if (!definition.Required)
        {
            json.WriteStartObject();
            json.WriteStartArray("enum");
            json.WriteNullValue();
            json.WriteStringValue("");
            json.WriteEndArray();
            json.WriteEndObject();
        }

        WriteValue(json, type, argument, definition);
        if (definition.Multiple)
        {
            json.WriteStartObject();
            json.WriteString("type", "array");
            json.WriteNumber("minItems", definition.Required ? 1 : 0);
            json.WritePropertyName("items");
            WriteValue(json, type, argument, definition);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>One value that is there.</summary>
    private static void WriteValue(Utf8JsonWriter json, ArgumentsType type, TaskArgument argument, ArgumentDefinition definition)
    {
        json.WriteStartObject();
        switch (argument.Type)
        {
            case "select" when definition.Options.Count > 0:
                WriteOptions(json, definition.Options);
                break;
            case "date":
                json.WriteString("type", "string");
                json.WriteString("pattern", DatePattern);
                break;
            case "file":
                json.WriteString("type", "string");
                json.WriteString("contentEncoding", "base64");
                json.WriteString("pattern", FilePattern);
                break;
            case "input" when type != ArgumentsType.Json && (definition.MinLength > 0 || definition.MaxLength is not null || definition.Pattern is not null):
                json.WriteString("type", "string");
                WriteLimits(json, definition);
                break;
            case "input" or "select" or "remote-options" when type != ArgumentsType.Json || argument.Type != "input":
                WriteScalar(json, definition);
                break;
            default:
                WriteNothingMissing(json, definition);
                WriteLimits(json, definition);
                break;
        }

        json.WriteEndObject();
    }

    private static void WriteOptions(Utf8JsonWriter json, IReadOnlyList<ArgumentOption> options)
    {
        json.WriteStartArray("oneOf");
        foreach (var option in options)
        {
            json.WriteStartObject();
            json.WritePropertyName("const");
            json.WriteRawValue(option.Json, skipInputValidation: true);
            if (option.Label is not null)
            {
                json.WriteString("title", option.Label);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteScalar(Utf8JsonWriter json, ArgumentDefinition definition)
    {
        json.WriteStartArray("type");
        json.WriteStringValue("string");
        json.WriteStringValue("number");
        json.WriteStringValue("boolean");
        json.WriteEndArray();
        if (definition.Required)
        {
            json.WriteNumber("minLength", 1);
        }
    }

    private static void WriteNothingMissing(Utf8JsonWriter json, ArgumentDefinition definition)
    {
        if (definition.Required)
        {
            json.WriteStartObject("not");
            json.WriteStartArray("enum");
            json.WriteNullValue();
            json.WriteStringValue("");
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    /// <summary>They say nothing of a value that is no text.</summary>
    private static void WriteLimits(Utf8JsonWriter json, ArgumentDefinition definition)
    {
        if (Math.Max(definition.MinLength, definition.Required ? 1 : 0) is > 0 and var least)
        {
            json.WriteNumber("minLength", least);
        }

        if (definition.MaxLength is { } most)
        {
            json.WriteNumber("maxLength", most);
        }

        if (definition.Pattern is { } pattern && ArgumentCheck.IsCheckable(pattern))
        {
            json.WriteString("pattern", pattern);
        }
    }
}
