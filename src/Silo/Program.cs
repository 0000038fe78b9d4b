// A silo of its own joins a cluster over Redis. Until that is built, silos live in the gateway's process: see the README's limits.
await Console.Error.WriteLineAsync("A silo can't run on its own yet. Start the gateway, which has one in its process: dotnet run --project src/Gateway");
return 1;
