// Posts a report and asks for a total, with types that are generated from /v1/openapi.json.
import createClient from "openapi-fetch";
import type { components, paths } from "./casualties.d.ts";

const api = createClient<paths, "application/json">({ baseUrl: "http://127.0.0.1:8000" });

const report: components["schemas"]["ReportIn"] = {
  reporter: { id: "example-hospital", name: "Example Hospital" },
  ref: "ward-2024-04-02",
  period: { from: "2024-04-02", to: "2024-04-02" },
  places: ["example-north"],
  figures: [{ outcomes: ["wounded"], low: 3, high: 4 }],
};
const posted = await api.POST("/v1/reports", {
  headers: { Authorization: `Bearer ${process.env.KEY}` },
  body: report,
});
if (posted.error) throw new Error(JSON.stringify(posted.error));
console.log(posted.response.status, posted.data.state);

const asked = await api.GET("/v1/totals", {
  params: {
    query: {
      place: ["example-east", "example-north"],
      outcomes: ["wounded"],
      from: "2024-04-01",
      to: "2024-04-30",
    },
  },
});
if (asked.error) throw new Error(JSON.stringify(asked.error));
for (const { text, low, high, placed } of asked.data.totals) {
  console.log(text, low, high, placed.low, placed.high);
}
