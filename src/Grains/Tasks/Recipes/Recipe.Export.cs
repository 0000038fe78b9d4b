using SyncCluster.Json;

namespace SyncCluster.Tasks.Recipes;

internal static partial class Recipe
{
    /// <summary>
    /// The recipe from which <see cref="TryParse"/> reads the same task. It contains the environment, so it is only for administrators.
    /// </summary>
    public static byte[] Export(TaskDefinition task, byte[] script) => JsonText.Write(
        json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("task");
            TaskDocument.WriteSettings(json, task);
            json.WriteStartObject("env");
            foreach (var (name, value) in task.Env)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
            if (task.Filename is not null)
            {
                json.WriteStartObject("file");
                json.WriteString("filename", task.Filename);
                json.WriteString("mimetype", task.Mimetype);
                json.WriteString("extension", Path.GetExtension(task.Filename).TrimStart('.'));
                json.WriteNumber("size", script.Length);
                json.WriteString("md5", RecipeFile.Md5(script));
                json.WriteBase64String("data", script);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        },
        1024 + (script.Length / 3 * 4));
}
